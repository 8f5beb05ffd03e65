import { columns, type Statement, together } from '@subledger/database';
import { isDirect } from '../operations/direct-runner.js';
import { encodeDirect, OUTCOME_CHANNEL } from '../operations/outcome-listener.js';
import type { Fold, OutcomeRow } from './fold-events.js';
import { mainsUpsert, subsUpsert, transfersInsert } from './upserts.js';

/** Whether a batch changes nothing beside figures: no operation's settings, no name, no session. */
export const isPlain = ({ outcomes, subs, stopped }: Fold): boolean =>
  stopped.length === 0 &&
  outcomes.every(({ commandId }) => isDirect(commandId)) &&
  subs.every(({ state }) => state.lifecycle !== 'deleted');

/**
 * A plain batch as one statement: most are (messages, holds), and a round trip for each table, for BEGIN and for COMMIT
 * would be most of the time that a hold takes.
 * @returns null where there is nothing to do
 */
export function atOnce({ mains, subs, transfers, outcomes }: Fold): Statement | null {
  const parts = [
    ...(mains.length > 0 ? [mainsUpsert(mains)] : []),
    ...(subs.length > 0 ? [subsUpsert(subs)] : []),
    ...(transfers.length > 0 ? [transfersInsert(transfers)] : []),
    ...(outcomes.length > 0 ? [adoptedDone(outcomes)] : []),
  ];
  if (parts.length === 0) return null;
  const name = `read-model:${parts.map((part) => part.name).join('+')}`;
  return together(name, parts, outcomes.length > 0 ? notices(outcomes) : NOTHING);
}

const NOTHING: Statement = { name: 'nothing', text: 'SELECT', values: [] };

/** Those that took too long, and became operations. */
const adoptedDone = (rows: readonly OutcomeRow[]): Statement => ({
  name: 'adopted',
  text: `UPDATE operation o SET state = 'done', outcome = x.outcome, done_at = now(), next_send_at = NULL
       FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS x (main_account_id, command_id, outcome)
      WHERE o.main_account_id = x.main_account_id AND o.command_id = x.command_id AND o.state = 'pending'
      RETURNING o.id`,
  values: columns(
    rows,
    (r) => r.mainAccountId,
    (r) => r.commandId,
    (r) => JSON.stringify(r.outcome),
  ),
});

/** Requests wait for the outcome itself, or for the operation that theirs became. */
const notices = (rows: readonly OutcomeRow[]): Statement => ({
  name: 'notices',
  text: `SELECT pg_notify($1, notice) FROM (
      SELECT unnest($2::text[]) AS notice
      UNION ALL SELECT json_build_object('done', json_build_array(id))::text FROM adopted) AS told`,
  values: [OUTCOME_CHANNEL, encodeDirect(rows)],
});
