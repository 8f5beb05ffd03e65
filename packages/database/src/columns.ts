type ColumnsOf<Row, Picks extends readonly ((row: Row, index: number) => unknown)[]> = {
  -readonly [K in keyof Picks]: ReturnType<Picks[K]>[];
};

/**
 * Turns rows into one array per column, the shape that `unnest($1::text[], $2::bigint[])` takes: one
 * statement for any number of rows, with a text that does not depend on the number (and so is prepared
 * once).
 *
 * @example
 * await client.query(
 *   `INSERT INTO balance (main_account_id, account, millipoints)
 *    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])`,
 *   columns(rows, (r) => r.mainAccountId, (r) => r.account, (r) => r.millipoints),
 * );
 */
export function columns<Row, const Picks extends readonly ((row: Row, index: number) => unknown)[]>(
  rows: readonly Row[],
  ...picks: Picks
): ColumnsOf<Row, Picks> {
  return picks.map((pick) => rows.map((row, index) => pick(row, index))) as ColumnsOf<Row, Picks>;
}
