import { deadLetterDocument } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import { AuditFailure, check, equal } from './check.js';
import type { Evidence } from './evidence.js';

interface Letter {
  readonly source: { readonly topic: string; readonly partition: number; readonly offset: string };
  readonly timestampMs: number;
  readonly reason: string;
}

/** The broker's time distinguishes records of a topic from those of the topic that it replaced. */
const keyOf = (topic: string, partition: number, offset: unknown, timestampMs: number) =>
  `${topic}:${partition}:${offset} at ${timestampMs}`;

/** The dead letters by source record. Repeats must be equal. */
export class DeadLetters {
  readonly #byRecord = new Map<string, Letter>();
  readonly #lastPublished = new Map<string, number>();
  readonly #explained = new Set<string>();

  constructor(private readonly evidence: Evidence) {
    const texts = new Map<string, string>();
    for (const record of evidence.deadLetters.flat()) {
      const text = String(record.value);
      const letter = JSON.parse(text) as Letter;
      const { source, timestampMs } = letter;
      const read = deadLetterDocument.safeParse(letter);
      check(read.success, () => `a dead letter does not keep its contract: ${String(read.error)}`);
      const key = keyOf(source.topic, source.partition, source.offset, timestampMs);
      const first = texts.get(key);
      // After a restore, the same record may be refused for another reason than before.
      if (first !== undefined && evidence.undone.size === 0)
        equal(text, first, () => `dead letter of ${key}, published again`);
      texts.set(key, text);
      this.#byRecord.set(key, letter);
      this.#lastPublished.set(key, record.timestampMs);
    }
  }

  /** Why the record was dead-lettered, or undefined. */
  reasonOf({ topic, partition, offset, timestampMs }: KafkaRecord): string | undefined {
    const key = keyOf(topic, partition, offset, timestampMs);
    this.#explained.add(key);
    return this.#byRecord.get(key)?.reason;
  }

  /** When its dead letter was last published, by the broker's time, or 0. */
  lastOf({ topic, partition, offset, timestampMs }: KafkaRecord): number {
    return this.#lastPublished.get(keyOf(topic, partition, offset, timestampMs)) ?? 0;
  }

  expect(record: KafkaRecord, reasons: readonly string[]): void {
    const reason = this.reasonOf(record);
    const where = `${record.topic}:${record.partition}:${record.offset}`;
    if (reason === undefined)
      throw new AuditFailure(`${where} has no dead letter, should be ${reasons.join()}`);
    check(
      reasons.includes(reason),
      () => `dead letter of ${where} says ${reason}, should be ${reasons.join()}`,
    );
  }

  /** @returns false, for the convenience of callers */
  assertNone(record: KafkaRecord): false {
    const reason = this.reasonOf(record);
    check(
      reason === undefined || this.evidence.undone.has(record),
      () => `${record.topic}:${record.partition}:${record.offset} is a dead letter (${reason}) without need`,
    );
    return false;
  }

  /** Lost records may have been dead-lettered before. */
  assertAllExplained(): void {
    for (const record of this.evidence.lost) this.reasonOf(record);
    for (const key of this.#byRecord.keys())
      check(this.#explained.has(key), () => `dead letter of no record: ${key}`);
  }
}
