import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nextPeriod, periodStart } from '@subledger/core';
import { createPool } from '@subledger/database';
import type { OutgoingRecord } from '@subledger/kafka';
import { createLogger, Registry } from '@subledger/service-kit';
import { createTestDatabase, eventually, type TestDatabase } from '@subledger/testing';

import type pg from 'pg';
import { SchedulerMetrics } from '../jobs/scheduler-metrics.js';
import { RegistryStore } from '../registry/registry-store.js';
import { type CommandSink, MonthStartJob } from './month-start-job.js';
import { MonthStartStore } from './month-start-store.js';
import { defaultRetryPolicy } from './run-item.js';

let database: TestDatabase;
let pool: pg.Pool;
const policy = defaultRetryPolicy(30_000);
const log = createLogger({ service: 'test', level: 'silent' });
const { signal } = new AbortController();

beforeAll(async () => {
  database = await createTestDatabase({ services: ['scheduler'] });
  pool = createPool({ url: database.url, schema: 'scheduler', applicationName: 'test', max: 10 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(async () => {
  await pool.query('TRUNCATE main_accounts, run_items, runs, event_positions');
});

/** Writes main accounts into the registry, as their opening events would. */
async function register(accounts: { id: string; period: string; timeZone?: string }[]): Promise<void> {
  const events = accounts.map(({ id, period, timeZone = 'Asia/Tokyo' }) => ({
    mainAccountId: id,
    generation: 0,
    sequence: 1,
    at: 0,
    state: { timeZone, period, nextMonthStart: periodStart(nextPeriod(period), timeZone) },
  }));
  const position = { topic: 'points.events.v1', partition: 0, nextOffset: 1n, highWatermark: 1n };
  await new RegistryStore(pool, policy).apply(events, position);
}

/** Keeps what is sent, as `main period`, in order. */
class Sent implements CommandSink {
  readonly rolls: string[] = [];
  failWith: Error | undefined;
  async send(records: OutgoingRecord[]): Promise<void> {
    if (this.failWith) throw this.failWith;
    for (const record of records) {
      const { data } = JSON.parse(String(record.value));
      this.rolls.push(`${data.mainAccountId} ${data.period}`);
    }
  }
  periodsOf(id: string): string[] {
    return this.rolls.filter((roll) => roll.startsWith(`${id} `)).map((roll) => roll.slice(id.length + 1));
  }
}

const jobWith = (sink: CommandSink, pageSize = 7, perSecond = 1_000_000) =>
  new MonthStartJob(
    new MonthStartStore(pool, policy),
    sink,
    new SchedulerMetrics(new Registry()),
    { pageSize, perSecond },
    log,
  );
const at = (instant: string) => ({ asOfMs: Date.parse(instant), signal });
const runs = async () =>
  (await pool.query('SELECT period, due, emitted, rolled FROM runs ORDER BY period')).rows;

describe('month-start', () => {
  it('rolls whom it is due for, zone by zone', async () => {
    await register([
      { id: 'ma_tokyo', period: '2026-11' },
      { id: 'ma_london', period: '2026-11', timeZone: 'Europe/London' },
      { id: 'ma_angeles', period: '2026-11', timeZone: 'America/Los_Angeles' },
      { id: 'ma_kiritimati', period: '2026-11', timeZone: 'Pacific/Kiritimati' },
    ]);
    const steps: [string, string[]][] = [
      ['2026-11-30T09:59:59.999Z', []],
      ['2026-11-30T10:00:00.000Z', ['ma_kiritimati 2026-12']],
      ['2026-11-30T14:59:59.999Z', []],
      ['2026-11-30T15:00:00.000Z', ['ma_tokyo 2026-12']],
      ['2026-12-01T00:00:00.000Z', ['ma_london 2026-12']],
      ['2026-12-01T07:59:59.999Z', []],
      ['2026-12-01T08:00:00.000Z', ['ma_angeles 2026-12']],
      ['2026-12-01T09:00:00.000Z', []],
    ];
    for (const [instant, expected] of steps) {
      const sent = new Sent();
      await jobWith(sent).run(at(instant));
      expect([instant, sent.rolls]).toEqual([instant, expected]);
    }
    expect(await runs()).toEqual([{ period: '2026-12', due: 4, emitted: 4, rolled: 0 }]);
  });

  it('catches up three missed months in order, one command each', async () => {
    await register([
      { id: 'ma_a', period: '2026-08', timeZone: 'America/New_York' },
      { id: 'ma_b', period: '2026-10' },
      { id: 'ma_c', period: '2026-11' },
    ]);
    const sent = new Sent();
    const result = await jobWith(sent, 2).run(at('2026-11-15T00:00:00Z'));
    expect(sent.periodsOf('ma_a')).toEqual(['2026-09', '2026-10', '2026-11']);
    expect(sent.periodsOf('ma_b')).toEqual(['2026-11']);
    expect(sent.periodsOf('ma_c')).toEqual([]);
    expect(result).toEqual({
      emitted: 4,
      mainAccounts: 2,
      periods: { '2026-09': 1, '2026-10': 1, '2026-11': 2 },
    });
    const { rows } = await pool.query(
      `SELECT period, due_at FROM run_items WHERE main_account_id = 'ma_a' ORDER BY period`,
    );
    // Two in summer time, both at midnight in New York; the last of the three, too, since the clocks change that night.
    expect(rows.map((row) => row.due_at.toISOString())).toEqual([
      '2026-09-01T04:00:00.000Z',
      '2026-10-01T04:00:00.000Z',
      '2026-11-01T04:00:00.000Z',
    ]);
  });

  it('goes through many pages and sends nothing twice', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `ma_${String(index).padStart(2, '0')}`);
    // Ids and month starts in different orders, so that a page cannot end by the one and go on by the other.
    const zones = ['Pacific/Honolulu', 'Asia/Tokyo', 'Europe/London'];
    await register(ids.map((id, index) => ({ id, period: '2026-11', timeZone: zones[index % 3] as string })));
    const sent = new Sent();
    const job = jobWith(sent);
    await job.run(at('2026-12-05T00:00:00Z'));
    await job.run(at('2026-12-05T00:00:00Z'));
    expect([...sent.rolls].sort()).toEqual(ids.map((id) => `${id} 2026-12`));
    expect(await runs()).toEqual([{ period: '2026-12', due: 50, emitted: 50, rolled: 0 }]);
  });

  it('claims each month once among replicas that run at the same time, in order per main account', async () => {
    const ids = Array.from({ length: 120 }, (_, index) => `ma_${String(index).padStart(3, '0')}`);
    await register(ids.map((id) => ({ id, period: '2026-09' })));
    const sent = Array.from({ length: 4 }, () => new Sent());
    const asOf = at('2026-12-05T00:00:00Z');
    await Promise.all(sent.map((sink, index) => jobWith(sink, 5 + index).run(asOf)));
    // A page that another replica was just claiming is passed over: the next execution finds it done.
    await jobWith(sent[0] as Sent).run(asOf);
    const all = sent.flatMap((sink) => sink.rolls);
    expect(all).toHaveLength(ids.length * 3);
    expect(new Set(all).size).toBe(all.length);
    for (const id of ids) {
      const months = sent.map((sink) => sink.periodsOf(id)).filter((periods) => periods.length > 0);
      expect(months).toEqual([['2026-10', '2026-11', '2026-12']]);
    }
    const counts = { due: 120, emitted: 120, rolled: 0 };
    expect(await runs()).toEqual(['2026-10', '2026-11', '2026-12'].map((period) => ({ period, ...counts })));
  });

  it('locks runs by period, so that two replicas never wait for each other', async () => {
    await register([{ id: 'ma_a', period: '2026-09' }]);
    const store = new MonthStartStore(pool, policy);
    const request = { asOfMs: Date.parse('2026-12-05T00:00:00Z'), after: undefined, limit: 10, force: false };
    const { items } = await store.claimPage(request);
    // The first period's row is now the last in its table.
    await pool.query(`UPDATE runs SET due = due WHERE period = '2026-10'`);
    const other = await pool.connect();
    try {
      await other.query('BEGIN');
      await other.query(`SELECT FROM runs WHERE period = '2026-10' FOR UPDATE`);
      const marking = store.markEmitted(items);
      await eventually(async () => {
        const { rows } = await pool.query(`SELECT FROM pg_locks WHERE NOT granted`);
        return rows.length > 0;
      });
      await other.query(`SELECT FROM runs WHERE period = '2026-11' FOR UPDATE`);
      await other.query('COMMIT');
      await marking;
    } finally {
      other.release();
    }
    expect((await runs()).map(({ emitted }) => emitted)).toEqual([1, 1, 1]);
  });

  it('sends claimed or unanswered rolls again after a crash, unchanged, but not before their time', async () => {
    await register([{ id: 'ma_a', period: '2026-11' }]);
    const store = new MonthStartStore(pool, policy);
    const asOfMs = Date.parse('2026-12-05T00:00:00Z');
    // A replica that claims and dies before it sends.
    await store.claimPage({ asOfMs, after: undefined, limit: 10, force: false });
    const sent = new Sent();
    await jobWith(sent).run({ asOfMs, signal });
    expect(sent.rolls).toEqual([]);
    for (const repetition of [1, 2]) {
      await pool.query(`UPDATE run_items SET retry_at = now() - interval '1 millisecond'`);
      await jobWith(sent).run({ asOfMs, signal });
      expect(sent.rolls).toEqual(Array(repetition).fill('ma_a 2026-12'));
    }
    const { rows } = await pool.query(
      `SELECT state, attempts, emitted_at IS NOT NULL AS emitted FROM run_items`,
    );
    expect(rows).toEqual([{ state: 'emitted', attempts: 3, emitted: true }]);
    expect(await runs()).toEqual([{ period: '2026-12', due: 1, emitted: 1, rolled: 0 }]);
  });

  it('releases at once what the broker did not accept', async () => {
    await register([{ id: 'ma_a', period: '2026-11' }]);
    const sent = new Sent();
    sent.failWith = new Error('Kafka is away');
    await expect(jobWith(sent).run(at('2026-12-05T00:00:00Z'))).rejects.toThrow('Kafka is away');
    expect(await runs()).toMatchObject([{ due: 1, emitted: 0 }]);
    sent.failWith = undefined;
    await jobWith(sent).run(at('2026-12-05T00:00:00Z'));
    expect(sent.rolls).toEqual(['ma_a 2026-12']);
  });

  it('stops between two pages, and the rest stays due', async () => {
    await register(['ma_a', 'ma_b', 'ma_c'].map((id) => ({ id, period: '2026-11' })));
    const abort = new AbortController();
    const sent = new Sent();
    const send = sent.send.bind(sent);
    sent.send = async (records) => {
      await send(records);
      abort.abort(new Error('stopping'));
    };
    const asOfMs = Date.parse('2026-12-05T00:00:00Z');
    await expect(jobWith(sent, 1).run({ asOfMs, signal: abort.signal })).rejects.toThrow('stopping');
    expect(sent.rolls).toHaveLength(1);
    const rest = new Sent();
    await jobWith(rest).run({ asOfMs, signal });
    expect([...sent.rolls, ...rest.rolls].sort()).toEqual(['ma_a 2026-12', 'ma_b 2026-12', 'ma_c 2026-12']);
  });

  it('knows the next month start that is near', async () => {
    const store = new MonthStartStore(pool, policy);
    expect(await store.nextDueInMs(60_000)).toBeUndefined();
    await register([{ id: 'ma_a', period: '2026-11' }]);
    await pool.query(`UPDATE main_accounts SET next_month_start = now() + interval '30 seconds'`);
    expect(await store.nextDueInMs(20_000)).toBeUndefined();
    const waitMs = await store.nextDueInMs(60_000);
    expect(waitMs).toBeGreaterThan(25_000);
    expect(waitMs).toBeLessThanOrEqual(30_000);
  });
});
