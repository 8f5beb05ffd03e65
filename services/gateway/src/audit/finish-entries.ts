import { columns, type Statement } from '@subledger/database';

/** An operation that has ended, with its refusal code if it was refused. */
interface Ended {
  readonly id: string;
  readonly outcome: { readonly code?: string | undefined };
}

/** Writes the outcome into the entries of these operations. Runs in the transaction that ends them. */
export const entriesUpdate = (ended: readonly Ended[]): Statement => ({
  name: 'entries',
  text: `UPDATE audit_entry a
        SET outcome = CASE WHEN x.code IS NULL THEN 'done' ELSE 'refused' END, code = x.code, finished_at = now()
       FROM unnest($1::text[], $2::text[]) AS x (operation_id, code)
      WHERE a.operation_id = x.operation_id AND a.outcome = 'pending'`,
  values: columns(
    ended,
    (one) => one.id,
    (one) => one.outcome.code ?? null,
  ),
});
