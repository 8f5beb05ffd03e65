import { type Statement, together } from '@subledger/database';
import { isDirect } from '../operations/direct-runner.js';
import { encodeDirect, OUTCOME_CHANNEL } from '../operations/outcome-listener.js';
import { figureUpserts } from './figure-upserts.js';
import { doneUpdate } from './finish-operations.js';
import type { Fold, OutcomeRow } from './fold-events.js';

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
export function atOnce(fold: Fold): Statement | null {
  const { outcomes } = fold;
  const parts = [...figureUpserts(fold), ...(outcomes.length > 0 ? [doneUpdate(outcomes)] : [])];
  if (parts.length === 0) return null;
  const name = `read-model:${parts.map((part) => part.name).join('+')}`;
  return together(name, parts, outcomes.length > 0 ? notices(outcomes) : NOTHING);
}

const NOTHING: Statement = { name: 'nothing', text: 'SELECT', values: [] };

/** Requests wait for the outcome itself, or, where they took too long, for the operation that theirs became. */
const notices = (rows: readonly OutcomeRow[]): Statement => ({
  name: 'notices',
  text: `SELECT pg_notify($1, notice) FROM (
      SELECT unnest($2::text[]) AS notice
      UNION ALL SELECT json_build_object('done', json_build_array(id))::text FROM done) AS told`,
  values: [OUTCOME_CHANNEL, encodeDirect(rows.filter(({ isTold }) => !isTold))],
});
