import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createPool } from '@subledger/database';
import { createLogger } from '@subledger/service-kit';
import { createTestDatabase, type TestDatabase } from '@subledger/testing';
import type pg from 'pg';
import { ShortfallForecast } from './shortfall-forecast.js';

let database: TestDatabase;
let pool: pg.Pool;
let woken: number;
let forecast: ShortfallForecast;

beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  pool = createPool({ url: database.url, schema: 'gateway', applicationName: 'suite', max: 4 });
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});
beforeEach(async () => {
  await pool.query('TRUNCATE main_account_state, sub_account_state, webhook, webhook_delivery');
  woken = 0;
  forecast = new ShortfallForecast(
    pool,
    () => (woken += 1),
    createLogger({ service: 'suite', level: 'silent' }),
  );
});

interface Customer {
  readonly id: string;
  /** Points, of main. */
  readonly balance: number;
  /** Hours until its month start. */
  readonly hours: number;
  readonly events?: readonly string[];
}

/** A customer whose sub-accounts A (limit 100, priority 1) and B (limit 50, priority 2) have 20 and 10 points left. */
async function customer({ id, balance, hours, events = ['shortfall.forecast'] }: Customer): Promise<void> {
  await pool.query(
    `INSERT INTO main_account_state (main_account_id, generation, sequence, at, plan, time_zone, funding_policy, feature,
        suspended, period, next_month_start, balance, available, allocated, held, purchased, used, active_sub_accounts)
      VALUES ($1, 1, 9, now(), 'prepay', 'Asia/Tokyo', 'full', 'active', false, to_char(now(), 'YYYY-MM'),
        now() + $3 * INTERVAL '1 hour', $2, $2, 30000, 0, 0, 0, 2)`,
    [id, balance * 1_000, hours],
  );
  await pool.query(
    `INSERT INTO sub_account_state (main_account_id, sub_account_id, generation, sequence, at, lifecycle, paused, period,
        limit_points, boost, granted, used, overage, held, remaining, shortfall, priority, ordinal)
      SELECT $1, sub, 1, 9, now(), 'active', false, to_char(now(), 'YYYY-MM'), "limit", 0, "limit", "limit" - remaining, 0, 0,
        remaining, 0, priority, priority
      FROM (VALUES ('sa_a', 100000, 20000, 1), ('sa_b', 50000, 10000, 2)) AS s (sub, "limit", remaining, priority)`,
    [id],
  );
  await pool.query(
    `INSERT INTO webhook (main_account_id, id, url, events, secret) VALUES ($1, $2, 'https://receiver.invalid/', $3, '')`,
    [id, `wh_${id}`, events],
  );
}
const setMain = (id: string, sets: string) =>
  pool.query(`UPDATE main_account_state SET ${sets} WHERE main_account_id = $1`, [id]);
const queued = async () =>
  (await pool.query('SELECT main_account_id, body FROM webhook_delivery ORDER BY id')).rows.map((row) => ({
    main: row.main_account_id,
    ...JSON.parse(row.body),
  }));

test('sends an event for each month start within three days that lacks points, to subscribed webhooks only', async () => {
  await customer({ id: 'ma_short', balance: 40, hours: 60 });
  await customer({ id: 'ma_enough', balance: 200, hours: 60 });
  await customer({ id: 'ma_later', balance: 40, hours: 80 });
  await customer({ id: 'ma_silent', balance: 40, hours: 60, events: ['period.rolled'] });
  expect(await forecast.look()).toBe(1);
  expect(woken).toBe(1);
  // 40 and the 30 that come back: 70, less than A's 100; B's 50 are funded all the same.
  expect(await queued()).toEqual([
    {
      main: 'ma_short',
      type: 'shortfall.forecast',
      timestamp: expect.stringMatching(/Z$/),
      data: {
        mainAccountId: 'ma_short',
        period: expect.stringMatching(/^\d{4}-\d{2}$/),
        startsAt: expect.stringMatching(/Z$/),
        needed: '150',
        available: '70',
        shortfall: '100',
        unfunded: 1,
        subAccountIds: ['sa_a'],
      },
    },
  ]);
});

test('sends one event three days before and one event one day before, however often and on any instance', async () => {
  await customer({ id: 'ma_short', balance: 40, hours: 60 });
  const other = new ShortfallForecast(
    pool,
    () => undefined,
    createLogger({ service: 'suite', level: 'silent' }),
  );
  await Promise.all([forecast.look(), other.look()]);
  await forecast.look();
  expect(await queued()).toHaveLength(1);
  await setMain('ma_short', `next_month_start = now() + INTERVAL '23 hours'`);
  await Promise.all([forecast.look(), other.look()]);
  expect(await queued()).toHaveLength(2);
  expect(await forecast.look()).toBe(0);
});

test('sends an event for a shortfall that arises within these days', async () => {
  await customer({ id: 'ma_short', balance: 200, hours: 60 });
  expect(await forecast.look()).toBe(0);
  await setMain('ma_short', 'balance = 40000, available = 40000');
  expect(await forecast.look()).toBe(1);
});

test('shows a negative balance of a customer in debt', async () => {
  await customer({ id: 'ma_short', balance: -500, hours: 60 });
  await forecast.look();
  expect((await queued()).map(({ data }) => [data.available, data.unfunded])).toEqual([['-470', 2]]);
});

test('leaves a month start that is half here to the next look', async () => {
  await customer({ id: 'ma_short', balance: 40, hours: 60 });
  await setMain('ma_short', 'allocated = 99000');
  expect(await forecast.look()).toBe(0);
});
