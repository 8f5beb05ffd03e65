import { columns } from '@subledger/database';
import type pg from 'pg';
import { isDirect } from '../operations/direct-runner.js';
import type { OutcomeRow } from './fold-events.js';
import { runPlanned } from './run-statement.js';

/** An operation whose outcome has come, but is not written yet. */
export interface PendingOperation {
  readonly id: string;
  readonly outcome: OutcomeRow['outcome'];
  /** Nothing is to be done but to write the outcome down: no settings, no names, no second command. */
  readonly isPlain: boolean;
}

interface Row {
  id: string;
  index: number;
  is_plain: boolean;
}

/** What an outcome of theirs ends or undoes besides themselves: see `finishOperations`. */
const CREATIONS = ['createSubAccount', 'createMainAccount'];

/**
 * The operations that these are the outcomes of, but for commands that no operation stood for when they were sent: what
 * became one later is a plain one. What operations are does not change from then on, so that this may be asked
 * before the transaction that ends them.
 * @param isKnown whether a command is the only one of a plain operation, by whose id it goes
 */
export async function pendingOperations(
  pool: Pick<pg.Pool, 'query'>,
  outcomes: readonly OutcomeRow[],
  isKnown: (commandId: string) => boolean,
): Promise<PendingOperation[]> {
  const rows = outcomes.filter(({ commandId }) => !isDirect(commandId));
  const known = rows.filter(({ commandId }) => isKnown(commandId));
  return [
    ...known.map(({ commandId, outcome }) => ({ id: commandId, outcome, isPlain: true })),
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
    text: `SELECT o.id, x.index, o.effects IS NULL AND o.then_command_id IS NULL AND o.action <> ALL($4) AS is_plain
       FROM unnest($1::text[], $2::text[], $3::int[]) AS x (main_account_id, command_id, index)
       JOIN operation o ON o.main_account_id = x.main_account_id AND o.command_id = x.command_id
      WHERE o.state = 'pending'`,
    values: [
      ...columns(
        rows.map((row, index) => ({ ...row, index })),
        (r) => r.mainAccountId,
        (r) => r.commandId,
        (r) => r.index,
      ),
      CREATIONS,
    ],
  });
  return (found.rows as Row[]).map(({ id, index, is_plain }) => {
    const { outcome } = rows[index] as OutcomeRow;
    return { id, outcome, isPlain: is_plain };
  });
}
