import { TOPICS } from '@subledger/contracts';
import {
  type DeadLetterSeal,
  type KafkaRecord,
  LogReader,
  type ParsedDeadLetter,
  parseDeadLetter,
} from '@subledger/kafka';
import { UsageError } from '@subledger/service-kit';
import type { OperatorContext } from './operator-command.js';

/** A dead letter and its position. */
export interface StoredLetter {
  /** `deadletters.v1:<partition>:<offset>`. */
  readonly id: string;
  /** When it was dead-lettered, by broker time, in milliseconds since 1970. */
  readonly writtenAt: number;
  readonly letter: ParsedDeadLetter;
}

/** A record's position in the operators' notation. */
export const placeOf = (at: {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}): string => `${at.topic}:${at.partition}:${at.offset}`;

/** Reads `deadletters.v1`. */
export class DeadLetterLog {
  readonly #log: LogReader;

  constructor(private readonly context: Pick<OperatorContext, 'kafka' | 'seal'>) {
    this.#log = new LogReader(context.kafka);
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  /**
   * All dead letters, partition by partition. The topic may have more partitions than there are lanes. Writers
   * dead-letter a record at least once, so a repeat (same source, time and reason) is skipped.
   */
  async *all(): AsyncGenerator<StoredLetter> {
    const seen = new Set<string>();
    const partitions = await this.#log.partitionCount(TOPICS.deadLetters);
    for (let partition = 0; partition < partitions; partition += 1) {
      const { low } = await this.#log.range(TOPICS.deadLetters, partition);
      for await (const stored of this.from(partition, low)) {
        const { source, timestampMs, reason } = stored.letter;
        const key = `${placeOf(source)} ${timestampMs} ${reason}`;
        if (!seen.has(key)) yield stored;
        seen.add(key);
      }
    }
  }

  /** The dead letters of a partition from an offset to its end. */
  async *from(partition: number, offset: bigint): AsyncGenerator<StoredLetter> {
    for (let at = offset; ; ) {
      const { records, next } = await this.#log.readFrom(TOPICS.deadLetters, partition, at);
      for (const record of records) {
        const stored = toLetter(record, this.context.seal);
        if (stored) yield stored;
      }
      if (next === at) return;
      at = next;
    }
  }

  /** The end of a partition. Later dead letters are after it. */
  async end(partition: number): Promise<bigint> {
    return (await this.#log.range(TOPICS.deadLetters, partition)).high;
  }

  /**
   * Finds a dead letter.
   * @param place position of the dead letter, or of its source record
   * @throws UsageError if there is none
   */
  async find(place: string): Promise<StoredLetter> {
    const found = place.startsWith(`${TOPICS.deadLetters}:`)
      ? await this.#readAt(place)
      : await this.#searchSource(place);
    if (found) return found;
    throw new UsageError(
      `There is no dead letter at or of ${place}. Look: npm run ledger -- dead-letters list`,
    );
  }

  async #readAt(place: string): Promise<StoredLetter | null> {
    const [, partition, offset] = parsePlace(place);
    if (Number(partition) >= (await this.#log.partitionCount(TOPICS.deadLetters))) return null;
    const record = await this.#log.read(TOPICS.deadLetters, Number(partition), BigInt(offset));
    return record && toLetter(record, this.context.seal);
  }

  async #searchSource(place: string): Promise<StoredLetter | null> {
    parsePlace(place);
    let found: StoredLetter | null = null;
    for await (const stored of this.all()) if (placeOf(stored.letter.source) === place) found = stored;
    return found;
  }
}

function parsePlace(place: string): [string, string, string] {
  const match = /^([^:\s]+):(\d{1,5}):(\d{1,18})$/.exec(place);
  if (match) return [match[1] as string, match[2] as string, match[3] as string];
  throw new UsageError(
    `A place is <topic>:<partition>:<offset>, such as deadletters.v1:3:17, not "${place}".`,
  );
}

/** Null if the record is not a dead letter: it was not written by `toDeadLetter`. */
function toLetter(record: KafkaRecord, seal: DeadLetterSeal): StoredLetter | null {
  try {
    return { id: placeOf(record), writtenAt: record.timestampMs, letter: parseDeadLetter(record, seal) };
  } catch {
    return null;
  }
}
