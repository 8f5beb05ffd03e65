import type { OnConflict, Statement, Table } from '@subledger/database';

/** Upserts rows of a table; the text is made once. */
export function upserting<Row>(
  name: string,
  table: Table<Row>,
  onConflict: OnConflict,
): (rows: readonly Row[]) => Statement {
  const text = table.insert({ onConflict });
  return (rows) => ({ name, text, values: table.valuesOf(rows) });
}
