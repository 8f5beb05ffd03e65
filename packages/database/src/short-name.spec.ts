import { expect, test } from '@jest/globals';
import { shortName } from './short-name.js';

test('a key has one name, another key another one, and all fit into what PostgreSQL keeps', () => {
  const long = 'SELECT '.repeat(100);
  expect(shortName('once', long)).toBe(shortName('once', long));
  expect(shortName('once', `${long}1`)).not.toBe(shortName('once', long));
  expect(Buffer.byteLength(shortName('p'.repeat(40), 'x'))).toBeLessThanOrEqual(63);
});
