import { randomUUID } from 'node:crypto';
import { type CloudEvent, TOPICS } from '@subledger/contracts';
import { nextPeriod } from '@subledger/core';
import { BatchConsumer, type KafkaConfig, type KafkaRecord, RecordProducer } from '@subledger/kafka';
import { alreadyRolledEvent, refusedEvent, rolledEvent, sampleEvent } from './sample-events.js';

interface Books {
  readonly timeZone: string;
  period: string;
  sequence: number;
}

/** A roll command that arrived. */
export interface SeenRoll {
  readonly id: string;
  readonly mainAccountId: string;
  readonly period: string;
  readonly dueAt: string;
}

/**
 * Answers rolls like the ledger, without points: the next period is rolled, an earlier one is `already-rolled`, any
 * other is refused. Rolls early, as outside production.
 */
export class FakeLedger {
  /** Every roll command, repetitions included, in the order of arrival. */
  readonly seen: SeenRoll[] = [];
  /** While set, commands are read but not answered. */
  silent = false;
  /** Refuses the rolls of these main accounts with this code. */
  readonly refusals = new Map<string, string>();
  /** Sub-accounts that a roll leaves without points. */
  readonly unfunded = new Map<string, number>();
  private readonly books = new Map<string, Books>();
  private readonly producer: RecordProducer;
  private readonly consumer: BatchConsumer;

  constructor(kafka: KafkaConfig) {
    this.producer = new RecordProducer(kafka);
    this.consumer = new BatchConsumer(kafka, {
      groupId: `fake-ledger-${randomUUID()}`,
      topics: [TOPICS.commands],
      fromBeginning: true,
      commit: 'manual',
      onBatch: ({ records }) => this.answer(records),
    });
  }

  async start(): Promise<void> {
    await this.consumer.start();
  }

  async stop(): Promise<void> {
    await this.consumer.stop();
    await this.producer.close();
  }

  /** Publishes an event that opens a main account in a period. */
  async open(
    mainAccountId: string,
    period: string,
    timeZone = 'Asia/Tokyo',
    extra: object = {},
  ): Promise<void> {
    this.books.set(mainAccountId, { timeZone, period, sequence: 1 });
    await this.publish([sampleEvent('main-account.opened', { mainAccountId, period, timeZone, ...extra })]);
  }

  /** Rolls without a command, as the ledger does for traffic, and optionally publishes it. */
  async rollByItself(mainAccountId: string): Promise<void> {
    await this.publish([this.roll(mainAccountId, nextPeriod(this.booksOf(mainAccountId).period))]);
  }

  async publish(events: readonly CloudEvent[]): Promise<void> {
    await this.producer.send(
      events.map((event) => ({
        topic: TOPICS.events,
        key: (event.data as { mainAccountId: string }).mainAccountId,
        value: JSON.stringify(event),
      })),
    );
  }

  /** Answers the commands that came while it was silent. */
  async answerAll(): Promise<void> {
    this.silent = false;
    await this.publish(this.seen.map(({ mainAccountId, period }) => this.roll(mainAccountId, period)));
  }

  /** The rolls of one main account, in order of arrival. */
  periodsOf(mainAccountId: string): string[] {
    return this.seen.filter((roll) => roll.mainAccountId === mainAccountId).map((roll) => roll.period);
  }

  private async answer(records: readonly KafkaRecord[]): Promise<void> {
    const rolls = records.map((record) => {
      const command = JSON.parse(String(record.value)) as { id: string; data: Omit<SeenRoll, 'id'> };
      return { id: command.id, ...command.data };
    });
    this.seen.push(...rolls);
    if (!this.silent)
      await this.publish(rolls.map(({ mainAccountId, period }) => this.roll(mainAccountId, period)));
  }

  private roll(mainAccountId: string, period: string): CloudEvent {
    const books = this.booksOf(mainAccountId);
    const code = this.refusals.get(mainAccountId);
    books.sequence += 1;
    const state = { mainAccountId, timeZone: books.timeZone, period: books.period, sequence: books.sequence };
    const at = new Date().toISOString();
    if (period <= books.period) return alreadyRolledEvent({ ...state, period });
    if (code !== undefined || period !== nextPeriod(books.period)) {
      return refusedEvent({ ...state, at, rollInto: period }, code ?? 'period-not-due');
    }
    books.period = period;
    return rolledEvent(
      { ...state, at, period },
      { funded: 1, unfunded: this.unfunded.get(mainAccountId) ?? 0 },
    );
  }

  private booksOf(mainAccountId: string): Books {
    const books = this.books.get(mainAccountId);
    if (!books) throw new Error(`the fake ledger has no ${mainAccountId}`);
    return books;
  }
}
