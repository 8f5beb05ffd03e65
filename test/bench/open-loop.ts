import type { KafkaConfig, OutgoingRecord, RecordProducer } from '@subledger/kafka';
import { TopicReader } from '@subledger/testing';
import { topicEnds } from './measure.js';

/** The times of one command in milliseconds since 1970. Only this process's own times have fractions. */
export interface Timed {
  readonly scheduledAt: number;
  sentAt: number;
  /** Its first event, as this process saw it. */
  seenAt: number;
  /** The broker's time stamp of that event's record. */
  eventLoggedAt: number;
  /** The broker's time stamp of the command, which the ledger's event carries. */
  commandLoggedAt: number;
}

export interface Load {
  readonly producer: RecordProducer;
  /** One per arrival, in their order. */
  readonly commands: readonly OutgoingRecord[];
  /** Milliseconds from the beginning. */
  readonly arrivals: Float64Array;
  readonly kafka: KafkaConfig;
  readonly partitions: number;
  readonly eventTopic: string;
}

/** The part of a command or of an event that this needs. */
interface Envelope {
  readonly id: string;
  readonly data: { readonly at?: string; readonly cause?: { readonly id: string } };
}

/** Milliseconds to wait for the last events. */
const GRACE_MS = 30_000;
const POLL_MS = 20;

/** Milliseconds since 1970, with fractions. */
export const now = (): number => performance.timeOrigin + performance.now();

/**
 * Sends each command at its time, whether or not earlier ones were answered, and receives the events. A command that
 * could not be sent in time (this process was busy) counts from its due time.
 * @returns by command id
 * @throws Error if an event does not arrive
 */
export async function runOpenLoop(load: Load): Promise<Map<string, Timed>> {
  const { kafka, partitions, eventTopic, commands, arrivals } = load;
  const ids = commands.map(({ value }) => (JSON.parse(String(value)) as Envelope).id);
  const timed = new Map<string, Timed>();
  let open = commands.length;
  const ends = await topicEnds(kafka, eventTopic, partitions);
  const reader = await TopicReader.open(kafka, eventTopic, {
    from: ends,
    onRecord: ({ value, timestampMs }) => {
      const { id, data } = JSON.parse(String(value)) as Envelope;
      const one = timed.get(data.cause?.id ?? id);
      // More events of the same command are not its answer.
      if (one === undefined || one.seenAt > 0) return;
      one.seenAt = now();
      one.eventLoggedAt = timestampMs;
      one.commandLoggedAt = data.at === undefined ? Number.NaN : Date.parse(data.at);
      open -= 1;
    },
  });
  const startAt = now();
  ids.forEach((id, index) => {
    const scheduledAt = startAt + (arrivals[index] as number);
    const unknown = Number.NaN;
    timed.set(id, {
      scheduledAt,
      sentAt: unknown,
      seenAt: 0,
      eventLoggedAt: unknown,
      commandLoggedAt: unknown,
    });
  });
  const all = [...timed.values()];
  await sendOnTime(load.producer, commands, all);
  const deadline = now() + GRACE_MS;
  while (open > 0 && now() < deadline) await sleep(POLL_MS);
  await reader.close();
  if (open > 0) throw new Error(`${open} of ${commands.length} commands were not answered`);
  return timed;
}

async function sendOnTime(
  producer: RecordProducer,
  commands: readonly OutgoingRecord[],
  timed: readonly Timed[],
): Promise<void> {
  const sends: Promise<void>[] = [];
  await onTime(
    commands.length,
    (index) => (timed[index] as Timed).scheduledAt,
    (index, at) => {
      (timed[index] as Timed).sentAt = at;
      // Each separately, like customers' requests. The producer combines waiting ones.
      sends.push(producer.send([commands[index] as OutgoingRecord]));
    },
  );
  await Promise.all(sends);
}

/**
 * Does each action at its time. Actions that are due at the same moment run one after the other.
 * @param dueAt milliseconds since 1970, ascending
 * @param act also gets the time of the call
 */
export async function onTime(
  count: number,
  dueAt: (index: number) => number,
  act: (index: number, at: number) => void,
): Promise<void> {
  for (let next = 0; next < count; ) {
    const waitMs = dueAt(next) - now();
    // A timer fires up to a millisecond late, which is part of the latency, here and in the floor.
    if (waitMs > 0) await sleep(waitMs);
    const at = now();
    for (; next < count && dueAt(next) <= at; next += 1) act(next, at);
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
