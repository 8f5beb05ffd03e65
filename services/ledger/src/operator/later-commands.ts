import { eventType, FOLLOW_UP_EVENTS } from '@subledger/contracts';
import type { OperatorContext } from './operator-command.js';
import { type Replay, replayedSince } from './replay-plan.js';

/** A command that the ledger booked after the source record of a dead letter. */
export interface LaterCommand {
  readonly commandId: string;
  /** CloudEvents type of its outcome. */
  readonly type: string;
  readonly sequence: bigint;
  readonly at: Date;
}

/** Events that follow from another one. A purchase that funds a sub-account is not a command on the sub-account. */
const FOLLOW_UPS = FOLLOW_UP_EVENTS.map((name) => eventType(name));
/** A refused command changed nothing that a replay could overwrite. */
const REJECTED = 'subledger.command.rejected.v1';
const MOST = 200;

/**
 * Later commands on the same object, newest first: on the sub-account that the replay names, otherwise on the main
 * account itself. A replay of an earlier record is not a later command.
 */
export async function laterCommands(
  { pool }: OperatorContext,
  { mainAccountId, subAccountId, letter, id }: Replay,
): Promise<LaterCommand[]> {
  const { timestampMs } = letter.letter;
  const { rows } = await pool.query<{ cause_id: string; type: string; sequence: bigint; at: Date }>(
    `SELECT cause_id, type, sequence, at FROM journal
     WHERE main_account_id = $1 AND at > $2 AND cause_kind = 'command' AND type <> ALL ($3::text[]) AND cause_id <> $4
       AND (payload::jsonb #>> '{data,subAccount,subAccountId}') IS NOT DISTINCT FROM $5
     ORDER BY sequence DESC LIMIT ${MOST}`,
    [mainAccountId, new Date(timestampMs), [...FOLLOW_UPS, REJECTED], id, subAccountId],
  );
  return rows
    .filter(({ cause_id }) => (replayedSince(cause_id) ?? Number.POSITIVE_INFINITY) > timestampMs)
    .map(({ cause_id, type, sequence, at }) => ({ commandId: cause_id, type, sequence, at }));
}
