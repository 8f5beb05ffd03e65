import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createPool } from '@subledger/database';
import { createTestDatabase, type TestDatabase } from '@subledger/testing';
import type pg from 'pg';
import { ALL, type Changed, changeNotice } from './change-notice.js';

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  pool = createPool({ url: database.url, schema: 'gateway', applicationName: 'suite', max: 1 });
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});
beforeEach(async () => {
  await pool.query('DELETE FROM stream_watch');
});

const watch = (main: string, interval = '1 minute') =>
  pool.query(`INSERT INTO stream_watch VALUES ($1, 'instance', now() + $2::interval)`, [main, interval]);
async function noticeOf(changed: readonly Changed[]) {
  const { text, values } = changeNotice(changed);
  const { rows } = await pool.query<{ notice: string }>(text, values);
  for (const { notice } of rows) expect(Buffer.byteLength(notice)).toBeLessThan(8_000);
  return rows.map(({ notice }) => JSON.parse(notice).changed);
}
const sub = (main: number, n: number): Changed => ({
  mainAccountId: `ma_${String(main).padStart(36, '0')}`,
  subAccountId: `sa_${String(n).padStart(36, '0')}`,
});
const main = (n: number): Changed => ({ ...sub(n, 0), subAccountId: null });
const many = (count: number, toChanged: (n: number) => Changed) =>
  Array.from({ length: count }, (_, n) => toChanged(n));

test('there is no notice for accounts that no stream watches, or no longer watches', async () => {
  expect(await noticeOf([sub(1, 1)])).toEqual([]);
  await watch(sub(2, 1).mainAccountId);
  await watch(sub(1, 1).mainAccountId, '-1 second');
  expect(await noticeOf([sub(1, 1)])).toEqual([]);
});

test('what is watched is named, and nothing else', async () => {
  await watch(sub(1, 1).mainAccountId);
  await watch(main(3).mainAccountId);
  const [changed] = await noticeOf([sub(1, 1), sub(1, 2), sub(2, 1), main(3)]);
  expect(changed).toEqual({
    [sub(1, 1).mainAccountId]: [sub(1, 1).subAccountId, sub(1, 2).subAccountId],
    [main(3).mainAccountId]: [],
  });
});

test('too many sub-accounts are not named, but their main accounts', async () => {
  await watch(ALL);
  const changed = [...many(300, (n) => sub(1, n)), sub(2, 1)];
  expect(await noticeOf(changed)).toEqual([
    { [sub(1, 0).mainAccountId]: null, [sub(2, 1).mainAccountId]: null },
  ]);
});

test('nor are too many main accounts', async () => {
  await watch(ALL);
  expect(await noticeOf(many(300, main))).toEqual([null]);
});
