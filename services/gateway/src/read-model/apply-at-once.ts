import { type Statement, together } from '@subledger/database';
import { isDirect } from '../operations/direct-runner.js';
import { OUTCOME_CHANNEL } from '../operations/outcome-channel.js';
import { encodeDirect } from '../operations/outcome-listener.js';
import { type Changed, changeNotice } from '../streams/change-notice.js';
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
  parts.push(changeNotice(changedBy(fold)));
  const name = `read-model:${parts.map((part) => part.name).join('+')}`;
  return together(name, parts, notices(outcomes));
}

type ReadonlyRows<Part extends keyof Fold> = { readonly [P in Part]: Readonly<Fold[P]> };

/** What streams may show of a batch: also a main account of which only an operation ended. */
export function changedBy({ mains, subs, outcomes }: ReadonlyRows<'mains' | 'subs' | 'outcomes'>): Changed[] {
  const changed = subs.map(({ mainAccountId, state }) => ({
    mainAccountId,
    subAccountId: state.subAccountId,
  }));
  const others = new Set([...mains, ...outcomes].map(({ mainAccountId }) => mainAccountId));
  for (const { mainAccountId } of subs) others.delete(mainAccountId);
  return [...changed, ...[...others].map((mainAccountId) => ({ mainAccountId, subAccountId: null }))];
}

/** Requests wait for the outcome itself, or, where they took too long, for the operation that theirs became. */
function notices(rows: readonly OutcomeRow[]): Statement {
  const told = ['SELECT unnest($2::text[]) AS notice', 'SELECT notice FROM change_notice'];
  if (rows.length > 0) told.push(`SELECT json_build_object('done', json_build_array(id))::text FROM done`);
  return {
    name: 'notices',
    text: `SELECT pg_notify($1, notice) FROM (${told.join('\n      UNION ALL ')}) AS told`,
    values: [OUTCOME_CHANNEL, encodeDirect(rows.filter(({ isTold }) => !isTold))],
  };
}
