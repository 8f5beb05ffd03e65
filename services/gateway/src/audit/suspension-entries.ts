import { columns, type Statement } from '@subledger/database';

interface Suspension {
  readonly mainAccountId: string;
  readonly generation: number;
  readonly sequence: number;
  readonly at: string;
  readonly stopped: boolean;
  readonly reason: string;
}

/**
 * An entry for each automatic suspension that began or ended, because no request has one. The id is the event's
 * position, so that a repeated event adds no entry.
 */
export const suspensionEntries = (rows: readonly Suspension[]): Statement => ({
  name: 'suspension_entries',
  text: `INSERT INTO audit_entry (id, main_account_id, at, finished_at, action, objects, after, actor_kind, credential, address,
       request_id, outcome)
     SELECT id, main, at, at, action, '{}'::jsonb, jsonb_build_object('reason', reason), 'system', 'none', '', '', 'done'
       FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[]) AS x (id, main, at, action, reason)
     ON CONFLICT (id) DO NOTHING`,
  values: columns(
    rows,
    (row) => `au_${row.mainAccountId}.${row.generation}.${row.sequence}`,
    (row) => row.mainAccountId,
    (row) => row.at,
    (row) => (row.stopped ? 'stopSending' : 'resumeSending'),
    (row) => row.reason,
  ),
});
