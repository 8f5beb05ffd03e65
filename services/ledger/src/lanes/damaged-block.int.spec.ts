import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { commandType, makeCloudEvent, TOPICS } from '@subledger/contracts';
import { partitionFor } from '@subledger/kafka';
import { eventually } from '@subledger/testing';
import { readJournal } from '../journal/read-journal.js';
import { assertBooks } from '../testing/assert-books.js';
import { LedgerHarness, PARTITIONS } from '../testing/ledger-harness.js';
import { type Customer, openCustomer } from '../testing/scenes.js';

describe('a damaged block of the journal', () => {
  const harness = new LedgerHarness();
  beforeAll(() => harness.open());
  afterAll(() => harness.close());

  /** Turns a bit of the block with an event, and back. */
  async function turnBit(commandId: string): Promise<void> {
    await harness.db.query(
      `UPDATE journal j SET payload = set_byte(j.payload, 40, get_byte(j.payload, 40) # 1) FROM commands c
        WHERE c.command_id = $1 AND j.lane = c.lane AND c.lane_sequence BETWEEN j.first_sequence AND j.last_sequence`,
      [commandId],
    );
  }
  const laneOf = ({ mainAccountId }: Customer) => partitionFor(mainAccountId, PARTITIONS);

  it('keeps nobody from his answer but the sender of a repeat, and raises an alarm that names it', async () => {
    const ledger = await harness.startLedger();
    const { mainAccountId } = await openCustomer(harness);
    const event = makeCloudEvent(commandType('points.purchase'), {
      ...{ id: 'twice', source: '/test', time: '2026-11-23T09:00:00Z' },
      data: { mainAccountId, points: '7', reference: '' },
    });
    const purchase = JSON.stringify(event);
    await harness.send(TOPICS.commands, mainAccountId, purchase);
    await harness.outcome('twice');
    await turnBit('twice');
    await harness.send(TOPICS.commands, mainAccountId, purchase);
    const next = await harness.command('points.purchase', { mainAccountId, points: '1' });
    expect((await harness.outcome(next)).type).toBe('subledger.points.purchased.v1');
    expect(harness.events.values.filter(({ data }) => data.cause.id === 'twice')).toHaveLength(1);
    expect(harness.deadLetters.records).toEqual([]);
    expect(ledger.logLines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        msg: expect.stringContaining('damaged-block.md'),
        err: expect.objectContaining({
          message: expect.stringMatching(/^journal block \d+ to \d+ of lane \d/),
        }),
      }),
    ]);
    expect(await ledger.metrics.metrics()).toContain('ledger_damaged_blocks_total 1');
    await turnBit('twice');
    await harness.send(TOPICS.commands, mainAccountId, purchase);
    await eventually(
      () => harness.events.values.filter(({ data }) => data.cause.id === 'twice').length === 2,
    );
    await ledger.stop();
    await assertBooks(harness.db);
  });

  it('that is not published stops its lane alone, until it is mended', async () => {
    const first = await harness.startLedger();
    const customer = await openCustomer(harness);
    let other = await openCustomer(harness);
    while (laneOf(other) === laneOf(customer)) other = await openCustomer(harness);
    const id = await harness.command('points.purchase', {
      mainAccountId: customer.mainAccountId,
      points: '7',
    });
    await harness.outcome(id);
    await first.stop();
    // As after a crash between commit and publishing.
    await harness.db.query('UPDATE lanes SET published_sequence = published_sequence - 1 WHERE lane = $1', [
      laneOf(customer),
    ]);
    await turnBit(id);
    const stopped = await harness.startLedger();
    expect(stopped.lanes.get(laneOf(customer))).toMatchObject({
      state: 'broken',
      reason: expect.stringContaining(`of lane ${laneOf(customer)} is damaged`),
    });
    const elsewhere = await harness.command('points.purchase', {
      mainAccountId: other.mainAccountId,
      points: '1',
    });
    expect((await harness.outcome(elsewhere)).type).toBe('subledger.points.purchased.v1');
    const waiting = await harness.command('points.purchase', {
      mainAccountId: customer.mainAccountId,
      points: '2',
    });
    await stopped.stop();
    expect(harness.events.values.filter(({ data }) => data.cause.id === waiting)).toEqual([]);
    await turnBit(id);
    const ledger = await harness.startLedger();
    expect((await harness.outcome(waiting)).type).toBe('subledger.points.purchased.v1');
    // Published again, with what was damaged.
    expect(harness.events.values.filter(({ data }) => data.cause.id === id)).toHaveLength(2);
    expect((await readJournal(harness.db)).filter(({ causeId }) => causeId === waiting)).toHaveLength(1);
    await ledger.stop();
    await assertBooks(harness.db);
  });
});
