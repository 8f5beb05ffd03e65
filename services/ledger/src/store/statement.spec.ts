import { describe, expect, it } from '@jest/globals';
import { AND_OURS, oneStatement, WHERE_OURS } from './statement.js';

describe('many statements as one', () => {
  it('number their parameters on, and depend on the fence', () => {
    const fence = {
      name: 'f',
      text: 'UPDATE lanes SET x = $2 WHERE lane = $1 RETURNING lane',
      values: [1, 'a'],
    };
    const insert = { name: 'i', text: `INSERT INTO t SELECT $1, $2 ${WHERE_OURS}`, values: ['b', 'c'] };
    const remove = { name: 'd', text: `DELETE FROM u WHERE id = $1 ${AND_OURS}`, values: ['d'] };
    expect(oneStatement('all', fence, [insert, remove])).toEqual({
      name: 'all',
      values: [1, 'a', 'b', 'c', 'd'],
      text: [
        'WITH ours AS (UPDATE lanes SET x = $2 WHERE lane = $1 RETURNING lane)',
        'part1 AS (INSERT INTO t SELECT $3, $4 WHERE EXISTS (SELECT FROM ours))',
        'part2 AS (DELETE FROM u WHERE id = $5 AND EXISTS (SELECT FROM ours))\nSELECT FROM ours',
      ].join(',\n'),
    });
  });
});
