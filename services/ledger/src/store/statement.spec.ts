import { describe, expect, it } from '@jest/globals';
import { conditional, oneStatement, unconditional } from './statement.js';

describe('many statements as one', () => {
  it('number their parameters on, and depend on the fence', () => {
    const fence = {
      name: 'f',
      text: 'UPDATE lanes SET x = $2 WHERE lane = $1 RETURNING lane',
      values: [1, 'a'],
    };
    const insert = unconditional('i', 'INSERT INTO t SELECT $1, $2', ['b', 'c']);
    const remove = conditional('d', 'DELETE FROM u WHERE id = $1', ['d']);
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
