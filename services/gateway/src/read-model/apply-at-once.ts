import { type Statement, together } from '@subledger/database';
import { entriesUpdate } from '../audit/finish-entries.js';
import { type Changed, changeNotice } from '../operations/change-notice.js';
import { OUTCOME_CHANNEL } from '../operations/outcome-channel.js';
import { encodeOutcomes } from '../operations/outcome-notice.js';
import { figureUpserts } from './figure-upserts.js';
import { directToNotify, doneUpdate } from './finish-operations.js';
import type { Fold, OutcomeRow } from './fold-events.js';
import type { PendingOperation } from './pending-operations.js';

/** Whether a batch changes only figures and operations, and no names or sessions. */
export const changesOnlyFigures = ({ subs, stopped }: Fold): boolean =>
  stopped.length === 0 && subs.every(({ state }) => state.lifecycle !== 'deleted');

/**
 * Applies such a batch as one SQL statement. Most batches are such (messages, holds, limits), and separate round
 * trips for each table, for BEGIN and for COMMIT would take most of a write's time.
 * @param pending the operations that its outcomes complete, all of them `isOutcomeOnly`
 * @returns null if there is nothing to do
 */
export function atOnce(fold: Fold, pending: readonly PendingOperation[]): Statement | null {
  const { outcomes } = fold;
  const parts = [...figureUpserts(fold)];
  if (outcomes.length > 0) parts.push(doneUpdate(outcomes));
  if (pending.length > 0) parts.push(entriesUpdate(pending));
  if (parts.length === 0) return null;
  parts.push(changeNotice(changedBy(fold)));
  const name = `read-model:${parts.map((part) => part.name).join('+')}`;
  return together(name, parts, notices(outcomes, pending));
}

type ReadonlyRows<Part extends keyof Fold> = { readonly [P in Part]: Readonly<Fold[P]> };

/** Changes that streams may show, including main accounts of which only an operation ended. */
export function changedBy({ mains, subs, outcomes }: ReadonlyRows<'mains' | 'subs' | 'outcomes'>): Changed[] {
  const changed = subs.map(({ mainAccountId, state }) => ({
    mainAccountId,
    subAccountId: state.subAccountId,
  }));
  const others = new Set([...mains, ...outcomes].map(({ mainAccountId }) => mainAccountId));
  for (const { mainAccountId } of subs) others.delete(mainAccountId);
  return [...changed, ...[...others].map((mainAccountId) => ({ mainAccountId, subAccountId: null }))];
}

/** Requests wait for the outcome itself, or, if that took too long, for their operation. */
function notices(rows: readonly OutcomeRow[], pending: readonly PendingOperation[]): Statement {
  const parts = ['SELECT unnest($2::text[]) AS notice', 'SELECT notice FROM change_notice'];
  if (rows.length > 0)
    parts.push(
      `SELECT json_build_object('done', json_build_array(id))::text FROM done WHERE id <> ALL($3::text[])`,
    );
  const ended = pending.map(({ id, outcome }) => ({ id, outcome }));
  const values: unknown[] = [OUTCOME_CHANNEL, encodeOutcomes({ direct: directToNotify(rows), ended })];
  if (rows.length > 0) values.push(pending.map(({ id }) => id));
  return {
    name: 'notices',
    text: `SELECT pg_notify($1, notice) FROM (${parts.join('\n      UNION ALL ')}) AS notices`,
    values,
  };
}
