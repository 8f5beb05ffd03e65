import { expect, test } from '@jest/globals';
import { columns } from './columns.js';

test('one array literal per column, rows in order', () => {
  const rows = [
    { id: 'a', points: 1n },
    { id: 'b', points: 2n },
  ];
  expect(
    columns(
      rows,
      (row) => row.id,
      (row) => row.points,
      (_row, index) => index,
    ),
  ).toEqual(['{"a","b"}', '{1,2}', '{0,1}']);
});

test('no rows: empty arrays, as many as columns', () => {
  expect(columns([] as { id: string }[], (row) => row.id)).toEqual(['{}']);
});

test('what a column may hold, null and undefined alike', () => {
  const cells = ['a"b\\c', 'NULL', '', 1.5, -2n, true, null, undefined];
  expect(columns(cells, (cell) => cell)).toEqual(['{"a\\"b\\\\c","NULL","",1.5,-2,true,NULL,NULL}']);
});
