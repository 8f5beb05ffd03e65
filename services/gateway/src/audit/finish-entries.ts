import { columns } from '@subledger/database';
import type pg from 'pg';

/** An operation that ended; `code` where it was refused. */
export interface EndedOperation {
  readonly id: string;
  readonly code: string | undefined;
}

/** Writes the outcome into the entries of these operations, in the transaction that ends them. */
export async function finishEntries(
  client: Pick<pg.ClientBase, 'query'>,
  ended: readonly EndedOperation[],
): Promise<void> {
  if (ended.length === 0) return;
  await client.query(
    `UPDATE audit_entry a
        SET outcome = CASE WHEN x.code IS NULL THEN 'done' ELSE 'refused' END, code = x.code, finished_at = now()
       FROM unnest($1::text[], $2::text[]) AS x (operation_id, code)
      WHERE a.operation_id = x.operation_id AND a.outcome = 'pending'`,
    columns(
      ended,
      (one) => one.id,
      (one) => one.code ?? null,
    ),
  );
}
