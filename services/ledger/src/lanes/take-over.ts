import { TOPICS } from '@subledger/contracts';
import type { Logger } from '@subledger/service-kit';
import { DamagedBlockError } from '@subledger/wire';
import { LaneFencedError } from '../store/lane-lease.js';
import type { LedgerStore, TakenLane } from '../store/ledger-store.js';
import { checkLog, checkPublished, LaneBrokenError, type LogInspector } from './check-log.js';
import type { LanePublisher } from './lane-publishing.js';
import { republish } from './republish.js';

export interface TakeOverPorts {
  readonly store: LedgerStore;
  readonly log: Logger;
  readonly inspector: LogInspector;
  /** The name of this process in the lane's row. */
  readonly owner: string;
  /** Milliseconds between a sub-account's deletion and the tombstone of its limit record. */
  readonly tombstoneGraceMs: number;
  /** Milliseconds since 1970. Only used if no record gives a time. */
  readonly now: () => number;
}

/**
 * Makes this process the lane's only owner. The order matters (docs/decisions/0007). First the epoch: after it the
 * old owner commits nothing. Then the publisher: after it the old owner publishes nothing. Only then are the records
 * complete that it committed and may not have published. They are published again.
 *
 *
 * @throws LaneFencedError if another process has taken it over meanwhile; nothing was published
 * @throws LaneBrokenError if the row does not fit the log, or a block of the journal is damaged that must be published
 * @throws during an outage; call it again
 */
export async function takeOver(
  ports: TakeOverPorts,
  lane: number,
  publisher: LanePublisher,
): Promise<TakenLane> {
  const { store, log, inspector, owner } = ports;
  // Start offsets of a lane without a row. Other lanes start at their stored offsets, which are checked below.
  const [commands, messages] = await Promise.all([
    inspector.range(TOPICS.commands, lane),
    inspector.range(TOPICS.messages, lane),
  ]);
  const start = { commandOffset: commands.low, messageOffset: messages.low };
  const taken = await store.takeLane(lane, owner, start);
  await checkLog(inspector, taken);
  await checkPublished(inspector, store, taken);
  await publisher.open();
  // A process that has taken over since then may have opened its publisher before us. Then we have fenced the
  // rightful owner, which recovers by itself. But our rows may be older than what it has published.
  const now = await store.readOwner(lane);
  if (now?.epoch !== taken.lease.epoch || now.owner !== owner) throw new LaneFencedError(lane);
  const count = await republish(ports, publisher, taken).catch((error: unknown) => {
    // Trying again does not mend it, and to leave its events out would hide them from all readers.
    if (error instanceof DamagedBlockError)
      throw new LaneBrokenError(lane, error.message, taken.lease.generation);
    throw error;
  });
  if (taken.laneSequence > taken.publishedSequence) {
    await store.advanceCursor(taken.lease, taken.laneSequence);
  }
  const { epoch, generation } = taken.lease;
  const fields = {
    lane,
    epoch: String(epoch),
    generation,
    commandOffset: String(taken.commandOffset),
    messageOffset: String(taken.messageOffset),
    republished: count,
  };
  log.info(fields, 'lane taken over');
  return taken;
}
