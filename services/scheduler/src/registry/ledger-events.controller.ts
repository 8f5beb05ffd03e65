import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { TOPICS } from '@subledger/contracts';
import { DeadLetterSeal, DeadLetterWriter, type KafkaBatchContext, type KafkaRecord } from '@subledger/kafka';
import type { Resources } from '../resources.js';
import { RESOURCES } from '../tokens.js';
import { type LedgerEvent, readLedgerEvent } from './ledger-event.js';

/** Follows the ledger's events. The transport delivers a failed batch again, after a pause. */
@Controller()
export class LedgerEventsController {
  readonly #deadLetters: DeadLetterWriter;

  constructor(@Inject(RESOURCES) private readonly resources: Resources) {
    this.#deadLetters = new DeadLetterWriter(
      resources.producer,
      TOPICS.deadLetters,
      new DeadLetterSeal(resources.config.DEAD_LETTER_KEY),
    );
  }

  @EventPattern(TOPICS.events)
  async onBatch(@Payload() records: KafkaRecord[], @Ctx() context: unknown): Promise<void> {
    // Nest types the second argument as unknown. The transport passes this.
    const { topic, partition, highWatermark } = context as KafkaBatchContext;
    const last = records.at(-1);
    if (last === undefined) return;
    const events = await this.#readAll(records);
    const { metrics } = this.resources;
    const applied = await this.resources.registry.apply(events, {
      topic,
      partition,
      nextOffset: last.offset + 1n,
      highWatermark,
    });
    metrics.eventsRead.inc({ outcome: 'used' }, events.length);
    metrics.rollsAnswered.inc({ outcome: 'rolled' }, applied.rolled);
    metrics.rollsAnswered.inc({ outcome: 'refused' }, applied.failed);
    for (const lag of applied.lagsSeconds) metrics.rollLagSeconds.observe(lag);
  }

  /** Dead-letters unreadable records before the batch counts as done, and reads the others. */
  async #readAll(records: readonly KafkaRecord[]): Promise<LedgerEvent[]> {
    const { log, metrics } = this.resources;
    const events: LedgerEvent[] = [];
    for (const record of records) {
      const read = readLedgerEvent(record);
      if (read.kind === 'valid') events.push(read.value);
      else if (read.kind === 'skipped') metrics.eventsRead.inc({ outcome: 'ignored' });
      else {
        const { topic, partition, offset } = record;
        await this.#deadLetters.write(record, read.reason, read.detail);
        metrics.eventsRead.inc({ outcome: 'dead-lettered' });
        log.error({ topic, partition, offset, reason: read.reason }, 'events: a record could not be read');
      }
    }
    return events;
  }
}
