import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { TOPICS } from '@subledger/contracts';
import type { KafkaBatchContext, KafkaRecord } from '@subledger/kafka';
import { Lanes } from '../lanes/lanes.js';

/** Receives records. Handlers only pass them to lanes, so that fetching never waits for the database. */
@Controller()
export class LedgerController {
  constructor(@Inject(Lanes) private readonly lanes: Lanes) {}

  @EventPattern(TOPICS.commands)
  onCommands(@Payload() records: KafkaRecord[], @Ctx() context: unknown): void {
    this.#hand(records, context as KafkaBatchContext);
  }

  @EventPattern(TOPICS.messages)
  onMessages(@Payload() records: KafkaRecord[], @Ctx() context: unknown): void {
    this.#hand(records, context as KafkaBatchContext);
  }

  #hand(records: KafkaRecord[], { topic, partition }: KafkaBatchContext): void {
    this.lanes.enqueue(topic, partition, records);
  }
}
