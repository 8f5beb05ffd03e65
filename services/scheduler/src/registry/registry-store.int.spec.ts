import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { periodStart } from '@subledger/core';
import { createPool } from '@subledger/database';
import { createTestDatabase, type TestDatabase } from '@subledger/testing';
import type pg from 'pg';
import { MonthStartStore } from '../month-start/month-start-store.js';
import { defaultRetryPolicy } from '../month-start/run-item.js';
import { EventPositions } from './event-positions.js';
import type { LedgerEvent, RollOutcome } from './ledger-event.js';
import { RegistryStore } from './registry-store.js';

let database: TestDatabase;
let pool: pg.Pool;
let store: RegistryStore;
const policy = defaultRetryPolicy(30_000);

beforeAll(async () => {
  database = await createTestDatabase({ services: ['scheduler'] });
  pool = createPool({ url: database.url, schema: 'scheduler', applicationName: 'test', max: 8 });
  store = new RegistryStore(pool, policy);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(async () => {
  await pool.query('TRUNCATE main_accounts, run_items, runs, event_positions');
});

const event = (
  sequence: number,
  period: string,
  fields: Partial<LedgerEvent> & { timeZone?: string } = {},
): LedgerEvent => ({
  mainAccountId: 'ma_1',
  generation: 0,
  sequence,
  at: Date.parse('2026-11-30T15:00:01Z'),
  state: {
    timeZone: fields.timeZone ?? 'Asia/Tokyo',
    period,
    nextMonthStart: periodStart(
      period === '2026-12' ? '2027-01' : '2026-12',
      fields.timeZone ?? 'Asia/Tokyo',
    ),
  },
  ...fields,
});
const rolled = (unfunded = 0): RollOutcome => ({ kind: 'rolled', period: '2026-12', funded: 2, unfunded });
const refused: RollOutcome = { kind: 'rejected', period: '2026-12', code: 'period-not-due' };

let offset = 0n;
const apply = (...events: LedgerEvent[]) => {
  offset += BigInt(events.length);
  return store.apply(events, {
    topic: 'points.events.v1',
    partition: 0,
    nextOffset: offset,
    highWatermark: 99n,
  });
};
const mains = async () =>
  (
    await pool.query(
      'SELECT main_account_id AS id, period, next_period, generation, sequence FROM main_accounts ORDER BY 1',
    )
  ).rows;
const runs = async () =>
  (
    await pool.query(
      'SELECT period, due, emitted, rolled, failed, unfunded, unfunded_sub_accounts, lag_ms FROM runs ORDER BY 1',
    )
  ).rows;

describe('the registry', () => {
  it('keeps the newest state, for any order and repetition', async () => {
    await apply(event(3, '2026-11'));
    await apply(event(1, '2026-11'), event(2, '2026-11'));
    await apply(event(3, '2026-11'), event(5, '2026-12'), event(4, '2026-11'));
    await apply(event(5, '2026-11'));
    const expected = { id: 'ma_1', period: '2026-12', next_period: '2027-01', generation: 0 };
    expect(await mains()).toEqual([{ ...expected, sequence: 5n }]);
    await apply(event(1, '2026-11', { generation: 1 }));
    expect(await mains()).toMatchObject([{ period: '2026-11', generation: 1, sequence: 1n }]);
    await apply(event(9, '2026-12'));
    expect(await mains()).toMatchObject([{ period: '2026-11', generation: 1, sequence: 1n }]);
  });

  it('keeps the instant to the millisecond, in any zone', async () => {
    await apply(event(1, '2026-11', { timeZone: 'America/St_Johns' }));
    const { rows } = await pool.query('SELECT next_month_start AS at FROM main_accounts');
    expect(rows[0].at.toISOString()).toBe('2026-12-01T03:30:00.000Z');
  });

  it('survives two readers of one partition', async () => {
    const batches = Array.from({ length: 20 }, (_, index) => event(index + 1, '2026-11'));
    await Promise.all(batches.map((one) => apply(one)));
    expect(await mains()).toMatchObject([{ sequence: 20n }]);
  });

  it('moves its position with what it read, or neither', async () => {
    await apply(event(1, '2026-11'));
    const broken = { ...event(2, '2026-11'), mainAccountId: 'ma_\u0000' };
    const before = await new EventPositions(pool).all();
    await expect(apply(event(2, '2026-11'), broken)).rejects.toThrow();
    expect(await mains()).toMatchObject([{ sequence: 1n }]);
    expect(await new EventPositions(pool).all()).toEqual(before);
  });

  it('starts at the stored position, and a new partition at its beginning', async () => {
    await apply(event(1, '2026-11'));
    const assigned = [0, 1].map((partition) => ({ topic: 'points.events.v1', partition }));
    const offsets = await new EventPositions(pool).begin(assigned);
    expect(offsets).toEqual(
      new Map([
        ['points.events.v1:0', offset],
        ['points.events.v1:1', 0n],
      ]),
    );
  });
});

describe('the progress of a run', () => {
  const claimAll = (asOf = '2026-12-02T00:00:00Z') =>
    new MonthStartStore(pool, policy).claimPage({
      asOfMs: Date.parse(asOf),
      after: undefined,
      limit: 100,
      force: true,
    });

  it('counts an answer once, also if it is delivered again', async () => {
    await apply(event(1, '2026-11'));
    await claimAll();
    const answer = event(2, '2026-12', { outcome: rolled(3) });
    expect(await apply(answer)).toMatchObject({ rolled: 1, failed: 0, lagsSeconds: [1] });
    expect(await apply(answer)).toMatchObject({ rolled: 0, lagsSeconds: [] });
    await apply(event(3, '2026-12', { outcome: { kind: 'already-rolled', period: '2026-12' } }));
    await apply(event(4, '2026-12', { outcome: refused }));
    expect(await runs()).toEqual([
      {
        period: '2026-12',
        due: 1,
        emitted: 0,
        rolled: 1,
        failed: 0,
        unfunded: 1,
        unfunded_sub_accounts: 3,
        lag_ms: 1000n,
      },
    ]);
  });

  it('counts a month start that traffic caused without a command', async () => {
    await apply(event(1, '2026-11'), event(2, '2026-12', { outcome: rolled() }));
    expect(await runs()).toMatchObject([{ due: 1, rolled: 1, lag_ms: 1000n }]);
    expect((await claimAll()).items).toEqual([]);
  });

  it('takes a refusal back once the month is rolled', async () => {
    await apply(event(1, '2026-11'));
    await claimAll();
    await apply(event(2, '2026-11', { outcome: refused }));
    expect(await runs()).toMatchObject([{ due: 1, rolled: 0, failed: 1 }]);
    await claimAll();
    expect(await runs()).toMatchObject([{ due: 1, failed: 0 }]);
    await apply(event(3, '2026-11', { outcome: refused }));
    await apply(event(4, '2026-12', { outcome: rolled() }));
    expect(await runs()).toMatchObject([{ due: 1, rolled: 1, failed: 0 }]);
    const { rows } = await pool.query('SELECT state, attempts, code, retry_at FROM run_items');
    expect(rows).toEqual([{ state: 'rolled', attempts: 2, code: null, retry_at: null }]);
  });

  it('rolls again what a restored ledger has lost', async () => {
    await apply(event(1, '2026-11'), event(2, '2026-12', { outcome: rolled() }));
    // The ledger's database was restored to before the roll: a new generation, back in November.
    await apply(event(1, '2026-11', { generation: 1 }));
    expect((await claimAll()).items).toMatchObject([{ period: '2026-12', generation: 1 }]);
    expect(await runs()).toMatchObject([{ due: 1, rolled: 0 }]);
    await apply(event(2, '2026-12', { generation: 1, outcome: rolled() }));
    expect(await runs()).toMatchObject([{ due: 1, rolled: 1 }]);
  });
});
