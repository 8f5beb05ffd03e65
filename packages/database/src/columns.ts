import { type Cell, cellArray } from './array-literals.js';

/**
 * Converts rows to one array literal per column (`array-literals.ts`), as `unnest($1::text[], $2::bigint[])` takes
 * them. So one SQL statement serves any number of rows. Its text does not depend on the number, so it is prepared
 * once.
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
