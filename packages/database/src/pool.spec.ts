import { expect, test } from '@jest/globals';
import { isConnectionError } from './connection-errors.js';
import { createPool } from './pool.js';

const options = { url: 'postgresql://u:p@127.0.0.1:1/d', schema: 's', applicationName: 't', max: 1 };

test('a schema name that is no plain identifier is refused before it reaches any SQL', () => {
  for (const schema of ['', 'A', 'a-b', 'a b', '"a"', "a'", 'a; drop', '1a', 'a'.repeat(64)]) {
    expect(() => createPool({ ...options, schema })).toThrow(RangeError);
  }
});

test('nothing listening is a connection error', async () => {
  const pool = createPool(options);
  const error = await pool.query('SELECT 1').catch((e: unknown) => e);
  expect(isConnectionError(error)).toBe(true);
  await pool.end();
});
