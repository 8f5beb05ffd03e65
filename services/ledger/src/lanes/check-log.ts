import { TOPICS } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import type { LedgerStore, TakenLane } from '../store/ledger-store.js';
import { formerFingerprint, recordFingerprint } from '../wire/record-fingerprint.js';

/** Reads the logs. */
export interface LogInspector {
  /** First offset, and the one after the last record. */
  range(topic: string, partition: number): Promise<{ low: bigint; high: bigint }>;
  /** The record at the offset, or null if the log does not have it. */
  read(topic: string, partition: number, offset: bigint): Promise<KafkaRecord | null>;
  /** Committed records from the offset on, and the offset to continue at, which is the same offset at the end. */
  readFrom(
    topic: string,
    partition: number,
    offset: bigint,
  ): Promise<{ records: KafkaRecord[]; next: bigint }>;
}

/** Number of last events to check. */
const LAST_EVENTS = 8;
/** First distance to search backwards. Markers and aborted records of many takeovers may follow the last events. */
const FIRST_SPAN = 64n;
const LAST_SPAN = 32_768n;

/**
 * The lane's row does not fit the log: a topic was recreated, the database was restored, or retention deleted records
 * that were never read. Continuing would lose or double effects, so an operator must decide.
 */
export class LaneBrokenError extends Error {
  override readonly name = 'LaneBrokenError';
  constructor(
    readonly lane: number,
    readonly detail: string,
    /** Generation of the lane's row when it was stopped. An operator who resumes the lane raises it. */
    readonly generation: number,
  ) {
    super(`Lane ${lane} is stopped: ${detail}`);
  }
}

/**
 * Checks a lane's row against its logs.
 * @throws LaneBrokenError unless both stored positions fit the log
 */
export async function checkLog(log: LogInspector, taken: TakenLane): Promise<void> {
  await checkTopic(log, taken, TOPICS.commands, taken.commandOffset, taken.commandLastId);
  await checkTopic(log, taken, TOPICS.messages, taken.messageOffset, taken.messageLastId);
}

/**
 * Checks one topic's position.
 * @throws LaneBrokenError if it does not fit the log
 */
export async function checkTopic(
  log: LogInspector,
  { lease: { lane, generation } }: TakenLane,
  topic: string,
  offset: bigint,
  lastId: string | null,
): Promise<void> {
  const { low, high } = await log.range(topic, lane);
  const where = `${topic} ${lane}: the stored offset ${offset}`;
  if (offset < low) {
    throw new LaneBrokenError(
      lane,
      `${where} is before the log's beginning ${low}: records were never read`,
      generation,
    );
  }
  if (offset > high) {
    throw new LaneBrokenError(
      lane,
      `${where} is after the log's end ${high}: the topic was created anew`,
      generation,
    );
  }
  if (lastId === null || offset === low) return;
  const record = await log.read(topic, lane, offset - 1n);
  const fits = record
    ? recordFingerprint(record) === lastId || formerFingerprint(record) === lastId
    : await isGone(log, topic, lane, offset - 1n);
  if (!fits) {
    throw new LaneBrokenError(
      lane,
      `${where} follows another record than the one processed last`,
      generation,
    );
  }
}

/**
 * Whether retention has deleted the offset, or the broker has no record to compare. A transaction marker is not a
 * record either. But the last processed offset was a record, so a marker there means that this is another log.
 */
async function isGone(log: LogInspector, topic: string, lane: number, offset: bigint): Promise<boolean> {
  return (await log.readFrom(topic, lane, offset)).next === offset;
}

/**
 * Checks that the books contain the last published events. Published events were committed before, so a database
 * without them was restored from an older backup. (A lane's events are on the partition with its number.) It checks
 * more than the last event, because a repeated command publishes its first outcome again.
 * @throws LaneBrokenError if the books do not contain an event
 */
export async function checkPublished(
  log: LogInspector,
  store: Pick<LedgerStore, 'loadBooks'>,
  taken: TakenLane,
): Promise<void> {
  const { lane, generation } = taken.lease;
  const events = (await lastEvents(log, lane)).filter((event) => event.generation >= generation);
  if (events.length === 0) return;
  const books = await store.loadBooks([...new Set(events.map((event) => event.mainAccountId))]);
  for (const event of events) {
    const stored = books.get(event.mainAccountId)?.main?.sequence ?? 0;
    if (event.generation === generation && event.sequence <= stored) continue;
    throw new LaneBrokenError(
      lane,
      `event ${event.generation}/${event.sequence} of ${event.mainAccountId} was published, and the database has only ` +
        `${generation}/${stored}: it was restored from an older backup`,
      generation,
    );
  }
}

interface PublishedEvent {
  readonly mainAccountId: string;
  readonly generation: number;
  readonly sequence: number;
}

/** The last events with a sequence above 0 on the lane's partition, newest first. */
async function lastEvents(log: LogInspector, lane: number): Promise<PublishedEvent[]> {
  const { low, high } = await log.range(TOPICS.events, lane);
  for (let span = FIRST_SPAN; ; span *= 8n) {
    const from = high - span > low ? high - span : low;
    const events = await eventsFrom(log, lane, from, high);
    if (events.length >= LAST_EVENTS || from === low || span >= LAST_SPAN) {
      return events.slice(-LAST_EVENTS).reverse();
    }
  }
}

async function eventsFrom(
  log: LogInspector,
  lane: number,
  from: bigint,
  end: bigint,
): Promise<PublishedEvent[]> {
  const events: PublishedEvent[] = [];
  for (let at = from; at < end; ) {
    const { records, next } = await log.readFrom(TOPICS.events, lane, at);
    for (const { value, undecodable } of records) {
      const event = !undecodable && value && (JSON.parse(value.toString()) as { data: PublishedEvent }).data;
      if (event && event.sequence > 0) events.push(event);
    }
    if (next <= at) break;
    at = next;
  }
  return events;
}
