import { describe, expect, test } from '@jest/globals';
import { bigint, bytea, int, Table, text } from './table.js';

interface Row {
  readonly id: string;
  readonly count: number;
  readonly total: bigint;
}
const TABLE = new Table<Row>('figures', [
  text('id', (row) => row.id),
  int('count', (row) => row.count, 'new.count + 1'),
  bigint('total', (row) => row.total),
]);
const INSERT = `INSERT INTO figures AS t (id, count, total)
 SELECT new.id, new.count + 1, new.total FROM unnest($1::text[], $2::int[], $3::bigint[]) AS new (id, count, total)`;

describe('Table', () => {
  test.each([
    ['an insert', {}, ''],
    ['an insert with a condition', { where: 'EXISTS (SELECT)' }, '\n WHERE EXISTS (SELECT)'],
    [
      'an upsert of all but the key',
      { onConflict: { key: ['id'] } },
      '\n ON CONFLICT (id) DO UPDATE SET count = excluded.count, total = excluded.total',
    ],
    [
      'an upsert of some, with an expression and a condition',
      {
        where: 'a',
        onConflict: { key: ['id'], set: ['count'], setTo: { total: 't.total + 1' }, where: 'b' },
      },
      '\n WHERE a\n ON CONFLICT (id) DO UPDATE SET count = excluded.count, total = t.total + 1\n WHERE b',
    ],
  ])('makes %s', (_what, options, end) => {
    expect(TABLE.insert(options)).toBe(INSERT + end);
  });

  test('gives one array per column', () => {
    const rows = [
      { id: 'a"b', count: 1, total: 2n },
      { id: 'c', count: 3, total: 4n },
    ];
    expect(TABLE.valuesOf(rows)).toEqual(['{"a\\"b","c"}', '{1,3}', '{2,4}']);
    const bytes = new Table<Buffer>('files', [bytea('bytes', (row) => row)]);
    expect(bytes.valuesOf([Buffer.from('x')])).toEqual([[Buffer.from('x')]]);
  });
});
