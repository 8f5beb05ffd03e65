import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@subledger/testing';
import type pg from 'pg';
import { LaneFencedError } from './lane-lease.js';
import { advanceCursor, takeLane } from './lane-store.js';
import { createLedgerPool } from './ledger-pool.js';

const START = { commandOffset: 0n, messageOffset: 0n };
let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase({ services: ['ledger'] });
  pool = createLedgerPool({ url: database.url, max: 2 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

it('refuses the cursor of an owner that was replaced, and changes nothing', async () => {
  const { lease: stale } = await takeLane(pool, 0, 'stale', START);
  await pool.query('UPDATE lanes SET lane_sequence = 5 WHERE lane = 0');
  await pool.query(
    `INSERT INTO outbox (lane, lane_sequence, topic, key, value, headers)
      SELECT 0, n, 'topic', 'key', NULL, '{}' FROM generate_series(1, 5) AS n`,
  );
  const { lease } = await takeLane(pool, 0, 'next', START);
  const all = async () => [
    (await pool.query('SELECT * FROM lanes')).rows,
    (await pool.query('SELECT * FROM outbox ORDER BY lane_sequence')).rows,
  ];
  const before = await all();
  await expect(advanceCursor(pool, stale, 5n)).rejects.toThrow(LaneFencedError);
  expect(await all()).toEqual(before);
  await advanceCursor(pool, lease, 5n);
  const [lanes, outbox] = await all();
  expect([lanes, outbox]).toMatchObject([[{ published_sequence: 5n, owner: 'next' }], []]);
});
