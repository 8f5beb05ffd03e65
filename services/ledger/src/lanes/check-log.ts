import { TOPICS } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import type { TakenLane } from '../store/lane-store.js';
import { recordFingerprint } from '../wire/record-fingerprint.js';

/** Looks into the logs of the input topics. */
export interface LogInspector {
  /** First offset, and the one after the last record. */
  range(topic: string, partition: number): Promise<{ low: bigint; high: bigint }>;
  /** The record at the offset, or null where the log does not have it. */
  read(topic: string, partition: number, offset: bigint): Promise<KafkaRecord | null>;
}

/**
 * The lane's row and the log do not fit: a topic was created anew, the database was restored, or retention took
 * records that were never read. Going on would lose or double effects, so an operator decides.
 */
export class LaneBrokenError extends Error {
  override readonly name = 'LaneBrokenError';
  constructor(
    readonly lane: number,
    readonly detail: string,
  ) {
    super(`Lane ${lane} is stopped: ${detail}`);
  }
}

/** @throws LaneBrokenError unless both stored positions fit the log */
export async function checkLog(log: LogInspector, taken: TakenLane): Promise<void> {
  await checkTopic(log, taken, TOPICS.commands, taken.commandOffset, taken.commandLastId);
  await checkTopic(log, taken, TOPICS.messages, taken.messageOffset, taken.messageLastId);
}

async function checkTopic(
  log: LogInspector,
  { lease: { lane } }: TakenLane,
  topic: string,
  offset: bigint,
  lastId: string | null,
): Promise<void> {
  const { low, high } = await log.range(topic, lane);
  const where = `${topic} ${lane}: the stored offset ${offset}`;
  if (offset < low) {
    throw new LaneBrokenError(lane, `${where} is before the log's beginning ${low}: records were never read`);
  }
  if (offset > high) {
    throw new LaneBrokenError(lane, `${where} is after the log's end ${high}: the topic was created anew`);
  }
  if (lastId === null || offset === low) return;
  const record = await log.read(topic, lane, offset - 1n);
  if (record && recordFingerprint(record) !== lastId) {
    throw new LaneBrokenError(lane, `${where} follows another record than the one processed last`);
  }
}
