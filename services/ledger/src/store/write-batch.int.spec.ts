import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@subledger/testing';
import { decodeBlock, encodeBlock, type JournalBlock, SEPARATOR } from '@subledger/wire';
import type pg from 'pg';
import { allBlocks } from '../journal/journal-store.js';
import { LaneFencedError } from './lane-lease.js';
import { takeLane } from './lane-store.js';
import { createLedgerPool } from './ledger-pool.js';
import type { TakenLane } from './ledger-store.js';
import type { BatchWrites } from './rows.js';
import { type BatchToWrite, writeBatches, writeParts } from './write-batch.js';

const START = { commandOffset: 0n, messageOffset: 0n };

/** A batch of a lane: so many events, whose payloads say whose they are. */
function batchOf({ lease, laneSequence }: TakenLane, events: number, offset = 10n): BatchToWrite {
  const mainAccountId = `ma_of_lane_${lease.lane}`;
  const texts = Array.from(
    { length: events },
    (_, index) => `{"of":"${mainAccountId} ${Number(laneSequence) + index + 1}"}`,
  );
  const journal: JournalBlock[] = [
    {
      firstSequence: laneSequence + 1n,
      lastSequence: laneSequence + BigInt(events),
      at: new Date().toISOString(),
      payloads: Buffer.from(texts.join(String.fromCharCode(SEPARATOR))),
    },
  ];
  const none = {
    ...{
      transfers: [],
      mainAccounts: [],
      subAccounts: [],
      holds: [],
      charges: [],
      refunds: [],
      references: [],
    },
    ...{ commands: [], statements: [], tombstones: [], outbox: [] },
  };
  const writes: BatchWrites = {
    ...none,
    journal: events === 0 ? [] : journal,
    offsets: { commandOffset: offset, messageOffset: offset, commandLastId: 'c', messageLastId: null },
    laneSequenceBefore: laneSequence,
    laneSequence: laneSequence + BigInt(events),
  };
  const blocks = writes.journal.map(encodeBlock);
  return { lease, writes, blocks, published: { sequence: laneSequence, hasOutbox: false } };
}

describe('writing batches of several lanes in one transaction', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await createTestDatabase({ services: ['ledger'] });
    pool = createLedgerPool({ url: database.url, max: 4 });
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const take = (...lanes: number[]) => Promise.all(lanes.map((lane) => takeLane(pool, lane, 'test', START)));
  const journalOf = async (...lanes: number[]) => {
    const found: object[] = [];
    for await (const block of allBlocks(pool)) {
      const { lane, firstSequence, generation } = block;
      if (!lanes.includes(lane)) continue;
      for (const [index, payload] of decodeBlock(block).entries())
        found.push({ lane, n: Number(firstSequence) + index, generation, payload });
    }
    return found;
  };
  const offsetsOf = async (...lanes: number[]) =>
    (
      await pool.query('SELECT command_offset::int AS c FROM lanes WHERE lane = ANY ($1) ORDER BY lane', [
        lanes,
      ])
    ).rows.map(({ c }) => c);

  it('keeps each with its own lane', async () => {
    const [first, second, third] = (await take(0, 1, 2)) as [TakenLane, TakenLane, TakenLane];
    await writeBatches(pool, [batchOf(second, 2), batchOf(third, 0), batchOf(first, 1)]);
    expect(await journalOf(0, 1, 2)).toEqual([
      { lane: 0, n: 1, generation: 1, payload: '{"of":"ma_of_lane_0 1"}' },
      { lane: 1, n: 1, generation: 1, payload: '{"of":"ma_of_lane_1 1"}' },
      { lane: 1, n: 2, generation: 1, payload: '{"of":"ma_of_lane_1 2"}' },
    ]);
    expect(await offsetsOf(0, 1, 2)).toEqual([10, 10, 10]);
  });

  it('writes nothing of any where one lane has a newer owner', async () => {
    const [ours, lost] = (await take(3, 4)) as [TakenLane, TakenLane];
    await take(4);
    await expect(writeBatches(pool, [batchOf(ours, 1), batchOf(lost, 1)])).rejects.toThrow(LaneFencedError);
    expect(await journalOf(3, 4)).toEqual([]);
    expect(await offsetsOf(3, 4)).toEqual([0, 0]);
    await writeBatches(pool, [batchOf(ours, 1)]);
    expect(await offsetsOf(3, 4)).toEqual([10, 0]);
  });

  it('writes neither a single batch nor one in parts with an old epoch, although the row has its position', async () => {
    const [stale] = (await take(9)) as [TakenLane];
    const [next] = (await take(9)) as [TakenLane];
    expect(next.laneSequence).toBe(stale.laneSequence);
    const batch = batchOf(stale, 1);
    await expect(writeBatches(pool, [batch])).rejects.toThrow(LaneFencedError);
    const { lease, writes, published } = batch;
    await expect(writeParts(pool, lease, writes, [writes], published)).rejects.toThrow(LaneFencedError);
    expect(await journalOf(9)).toEqual([]);
    expect(await offsetsOf(9)).toEqual([0]);
    await writeBatches(pool, [batchOf(next, 1)]);
    expect(await offsetsOf(9)).toEqual([10]);
  });

  it('writes no batch if one row does not have its batch’s position', async () => {
    const [ours, restored] = (await take(5, 6)) as [TakenLane, TakenLane];
    const ahead = batchOf({ ...restored, laneSequence: 7n }, 1);
    await expect(
      writeBatches(pool, [ours, restored].map((one) => batchOf(one, 1)).with(1, ahead)),
    ).rejects.toThrow(LaneFencedError);
    expect(await journalOf(5, 6)).toEqual([]);
  });

  it('waits for a takeover that is under way, and then writes nothing', async () => {
    const [ours, taken] = (await take(7, 8)) as [TakenLane, TakenLane];
    const other = await pool.connect();
    await other.query('BEGIN');
    await other.query('UPDATE lanes SET epoch = epoch + 1 WHERE lane = 8');
    const writing = writeBatches(pool, [batchOf(ours, 1), batchOf(taken, 1)]);
    const refused = expect(writing).rejects.toThrow(LaneFencedError);
    await untilBlocked(pool);
    await other.query('COMMIT');
    other.release();
    await refused;
    expect(await journalOf(7, 8)).toEqual([]);
    expect(await offsetsOf(7, 8)).toEqual([0, 0]);
  });
});

/** Until some statement waits for a lock. */
async function untilBlocked(pool: pg.Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    if (rows[0]?.n > 0) return;
  }
}
