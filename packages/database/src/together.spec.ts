import { describe, expect, it } from '@jest/globals';
import { type Statement, together } from './together.js';

const statement = (name: string, text: string, ...values: unknown[]): Statement => ({ name, text, values });

describe('together', () => {
  it('numbers the parameters through, and names each part', () => {
    const one = statement('one', 'INSERT INTO a VALUES ($1, $2)', 1, 2);
    const two = statement('two', 'DELETE FROM b WHERE id = $1 RETURNING id', 3);
    const last = statement('last', 'SELECT id, $1::text FROM two WHERE $1 <> $2', 'x', 'y');
    expect(together('all', [one, two], last)).toEqual({
      name: 'all',
      text: 'WITH one AS (INSERT INTO a VALUES ($1, $2)),\ntwo AS (DELETE FROM b WHERE id = $3 RETURNING id)\nSELECT id, $4::text FROM two WHERE $4 <> $5',
      values: [1, 2, 3, 'x', 'y'],
    });
  });

  it('leaves a single one as it is', () => {
    expect(together('all', [], statement('last', 'SELECT $1', 1))).toEqual({
      name: 'all',
      text: 'SELECT $1',
      values: [1],
    });
  });
});
