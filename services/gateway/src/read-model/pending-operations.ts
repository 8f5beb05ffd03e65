import { columns } from '@subledger/database';
import type pg from 'pg';
import { isDirect } from '../operations/direct-runner.js';
import { isOutcomeOnlyOperation } from '../operations/operation.js';
import type { EndedOutcome } from '../operations/outcome-notice.js';
import type { OutcomeRow } from './fold-events.js';
import { runPlanned } from './run-statement.js';

/** An operation whose outcome has arrived, but is not stored yet. */
export interface PendingOperation extends EndedOutcome {
  readonly isOutcomeOnly: boolean;
}

interface Row {
  id: string;
  /** Index of its outcome, from 1. */
  place: bigint;
  action: string;
  effects: object | null;
  thenCommandId: string | null;
}

/**
 * Pending operations that these outcomes complete. Direct commands have none, unless they became operations later,
 * and then only the outcome must be stored. The operations themselves no longer change, so this may be queried before
 * the transaction that completes them.
 * @param isKnown whether a command is the only one of an operation with the same id that is `isOutcomeOnly`
 */
export async function pendingOperations(
  pool: Pick<pg.Pool, 'query'>,
  outcomes: readonly OutcomeRow[],
  isKnown: (commandId: string) => boolean,
): Promise<PendingOperation[]> {
  const rows = outcomes.filter(({ commandId }) => !isDirect(commandId));
  const known = rows.filter(({ commandId }) => isKnown(commandId));
  return [
    ...known.map(({ commandId, outcome }) => ({ id: commandId, outcome, isOutcomeOnly: true })),
    ...(await lookedUp(
      pool,
      rows.filter(({ commandId }) => !isKnown(commandId)),
    )),
  ];
}

async function lookedUp(
  pool: Pick<pg.Pool, 'query'>,
  rows: readonly OutcomeRow[],
): Promise<PendingOperation[]> {
  if (rows.length === 0) return [];
  const found = await runPlanned(pool, {
    name: 'pending',
    text: `SELECT o.id, x.place, o.action, o.effects, o.then_command_id AS "thenCommandId"
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS x (main_account_id, command_id, place)
       JOIN operation o ON o.main_account_id = x.main_account_id AND o.command_id = x.command_id
      WHERE o.state = 'pending'`,
    values: columns(
      rows,
      (r) => r.mainAccountId,
      (r) => r.commandId,
    ),
  });
  return (found.rows as Row[]).map((row) => {
    const { outcome } = rows[Number(row.place) - 1] as OutcomeRow;
    return { id: row.id, outcome, isOutcomeOnly: isOutcomeOnlyOperation(row) };
  });
}
