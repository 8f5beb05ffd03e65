import { type DeadLetterReason, IMPLAUSIBLE_REASONS } from '@subledger/contracts';
import type { DomainEvent } from '@subledger/core';
import type { KafkaRecord } from '@subledger/kafka';
import type { Logger } from '@subledger/service-kit';
import type { LedgerMetrics } from '../metrics.js';

/**
 * Dead letters that an operator must look at, for the log: their number and the first one's position, never their
 * content.
 */
interface Alarm {
  readonly reason: DeadLetterReason;
  readonly mainAccountId: string | null;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  messages: number;
}
const NOT_TRUE = 'messages that cannot be true are not charged, they go to the dead letters';
const ALARMING: ReadonlyMap<DeadLetterReason, string> = new Map<DeadLetterReason, string>([
  ...IMPLAUSIBLE_REASONS.map((reason) => [reason, NOT_TRUE] as const),
  [
    'undecodable-batch',
    'a batch that cannot be decoded goes to the dead letters, its records are not processed',
  ],
]);

/** Counts of a batch. They are added to the metrics after the commit, because a batch may be tried more than once. */
export class BatchCounts {
  forwarded = 0;
  duplicateCommands = 0;
  duplicateMessages = 0;
  readonly #failedMonthStarts: { readonly mainAccountId: string; readonly problem: string }[] = [];
  readonly #records = new Map<string, number>();
  readonly #events = new Map<string, number>();
  readonly #rejections = new Map<string, number>();
  readonly #deadLetters = new Map<string, number>();
  readonly #alarms = new Map<string, Alarm>();

  record(topic: string): void {
    add(this.#records, topic);
  }

  event(event: DomainEvent): void {
    add(this.#events, event.name);
    if (event.name === 'command.rejected') this.rejection((event.detail as { code: string }).code);
  }

  failedMonthStart(mainAccountId: string, problem: string): void {
    this.#failedMonthStarts.push({ mainAccountId, problem });
  }

  rejection(code: string): void {
    add(this.#rejections, code);
  }

  deadLetter(reason: DeadLetterReason, { key, topic, partition, offset }: KafkaRecord): void {
    add(this.#deadLetters, reason);
    if (!ALARMING.has(reason)) return;
    const of = `${reason} ${key}`;
    const place = { topic, partition, offset: String(offset) };
    const alarm = this.#alarms.get(of) ?? { reason, mainAccountId: key, ...place, messages: 0 };
    alarm.messages += 1;
    this.#alarms.set(of, alarm);
  }

  addTo(metrics: LedgerMetrics, log: Logger): void {
    for (const alarm of this.#alarms.values()) log.error(alarm, ALARMING.get(alarm.reason) as string);
    for (const failed of this.#failedMonthStarts)
      log.error(failed, 'the month start of a main account cannot be made: its sending is stopped');
    for (const [topic, count] of this.#records) metrics.records.inc({ topic }, count);
    for (const [name, count] of this.#events) metrics.decisions.inc({ name }, count);
    for (const [code, count] of this.#rejections) metrics.rejections.inc({ code }, count);
    for (const [reason, count] of this.#deadLetters) metrics.deadLetters.inc({ reason }, count);
    metrics.failedMonthStarts.inc(this.#failedMonthStarts.length);
    metrics.forwarded.inc(this.forwarded);
    metrics.duplicates.inc({ kind: 'command' }, this.duplicateCommands);
    metrics.duplicates.inc({ kind: 'message' }, this.duplicateMessages);
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
