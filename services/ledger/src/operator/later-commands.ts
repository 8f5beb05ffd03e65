import { eventType, FOLLOW_UP_EVENTS } from '@subledger/contracts';
import { eventTexts, placeKey } from '../journal/journal-store.js';
import { placeOf } from '../store/load-books.js';
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
const IGNORED: ReadonlySet<string> = new Set([
  ...FOLLOW_UP_EVENTS.map((name) => eventType(name)),
  // A refused command changed nothing that a replay could overwrite.
  eventType('command.rejected'),
]);
/** Newest commands of the main account that are looked at. */
const MOST_READ = 2_000;
const MOST_SHOWN = 200;

interface CommandRow {
  command_id: string;
  lane: number;
  lane_sequence: bigint;
  at: Date;
}

interface EventView {
  readonly type: string;
  readonly data: { readonly sequence: number; readonly subAccount?: { readonly subAccountId: string } };
}

/**
 * Later commands on the same object, newest first: on the sub-account that the replay names, otherwise on the main
 * account itself. A replay of an earlier record is not a later command.
 * @throws DamagedBlockError
 */
export async function laterCommands(
  { pool }: OperatorContext,
  { mainAccountId, subAccountId, letter, id }: Replay,
): Promise<LaterCommand[]> {
  const { timestampMs } = letter.letter;
  const { rows } = await pool.query<CommandRow>(
    `SELECT command_id, lane, lane_sequence, at FROM commands
     WHERE main_account_id = $1 AND at > $2 AND lane_sequence IS NOT NULL AND command_id <> $3
     ORDER BY at DESC, lane_sequence DESC LIMIT ${MOST_READ}`,
    [mainAccountId, new Date(timestampMs), id],
  );
  const later = rows.filter(
    (row) => (replayedSince(row.command_id) ?? Number.POSITIVE_INFINITY) > timestampMs,
  );
  const texts = await eventTexts(pool, later.flatMap(placeOf), (error) => {
    throw error;
  });
  return later
    .flatMap((row) => {
      const [place] = placeOf(row);
      const { type, data } = JSON.parse((place && texts.get(placeKey(place))) ?? '{}') as EventView;
      if (IGNORED.has(type) || (data.subAccount?.subAccountId ?? null) !== subAccountId) return [];
      return [{ commandId: row.command_id, type, sequence: BigInt(data.sequence), at: row.at }];
    })
    .slice(0, MOST_SHOWN);
}
