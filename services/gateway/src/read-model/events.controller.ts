import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { TOPICS } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import { EVENTS_TRANSPORT } from '../events/transports.js';
import { ReadModel } from './read-model.js';

/** Receives the ledger's events, in batches of a partition. If it throws, the batch is delivered again. */
@Controller()
export class EventsController {
  constructor(private readonly readModel: ReadModel) {}

  @EventPattern(TOPICS.events, EVENTS_TRANSPORT)
  async onEvents(@Payload() records: KafkaRecord[]): Promise<void> {
    await this.readModel.apply(records);
  }
}
