import { type Cell, cellArray } from './array-literals.js';

/**
 * Turns rows into one array per column, as PostgreSQL's literals (`array-literals.ts`), the shape that
 * `unnest($1::text[], $2::bigint[])` takes: one statement for any number of rows, with a text that does not depend on
 * the number (and so is prepared once).
 *
 * @example
 * await client.query(
 *   `INSERT INTO balance (main_account_id, account, millipoints)
 *    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])`,
 *   columns(rows, (r) => r.mainAccountId, (r) => r.account, (r) => r.millipoints),
 * );
 */
export function columns<Row>(
  rows: readonly Row[],
  ...picks: readonly ((row: Row, index: number) => Cell)[]
): string[] {
  return picks.map((pick) => cellArray(rows, pick));
}
