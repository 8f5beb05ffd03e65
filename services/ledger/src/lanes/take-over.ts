import { TOPICS } from '@subledger/contracts';
import type { Logger } from '@subledger/service-kit';
import { LaneFencedError } from '../store/lane-lease.js';
import type { LedgerStore, TakenLane } from '../store/ledger-store.js';
import { checkLog, checkPublished, type LogInspector } from './check-log.js';
import type { LanePublisher } from './lane-publishing.js';
import { republish } from './republish.js';

export interface TakeOverPorts {
  readonly store: LedgerStore;
  readonly log: Logger;
  readonly inspector: LogInspector;
  /** Names this process in the lane's row. */
  readonly owner: string;
  /** Between a sub-account's deletion and the tombstone of its limit record, in milliseconds. */
  readonly tombstoneGraceMs: number;
  /** Milliseconds since 1970; only for what no record gives a time. */
  readonly now: () => number;
}

/**
 * Makes this process the lane's one owner. The order matters: first the epoch, after which the old owner commits
 * nothing; then the publisher, after which it publishes nothing; only then what it committed and may not have
 * published is complete, and is published again.
 *
 * @throws LaneFencedError where another process has taken it over meanwhile; nothing was published then
 * @throws LaneBrokenError where row and log do not fit; otherwise whatever an outage throws, and then again
 */
export async function takeOver(
  ports: TakeOverPorts,
  lane: number,
  publisher: LanePublisher,
): Promise<TakenLane> {
  const { store, log, inspector, owner } = ports;
  // Where a lane without a row begins. Later ones begin at their stored offsets, checked below.
  const [commands, messages] = await Promise.all([
    inspector.range(TOPICS.commands, lane),
    inspector.range(TOPICS.messages, lane),
  ]);
  const start = { commandOffset: commands.low, messageOffset: messages.low };
  const taken = await store.takeLane(lane, owner, start);
  await checkLog(inspector, taken);
  await checkPublished(inspector, store, taken);
  await publisher.open();
  // Whoever has taken it over since then may have opened before us: we have fenced the rightful owner, which recovers
  // by itself, but what we read may be older than what it has published.
  const now = await store.readOwner(lane);
  if (now?.epoch !== taken.lease.epoch || now.owner !== owner) throw new LaneFencedError(lane);
  const count = await republish(ports, publisher, taken);
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
