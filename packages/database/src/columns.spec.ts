import { expect, test } from '@jest/globals';
import { columns } from './columns.js';

test('one array per column, rows in order', () => {
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
  ).toEqual([
    ['a', 'b'],
    [1n, 2n],
    [0, 1],
  ]);
});

test('no rows: empty arrays, as many as columns', () => {
  expect(columns([] as { id: string }[], (row) => row.id)).toEqual([[]]);
});
