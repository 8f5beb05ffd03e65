import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { TOPICS } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import { MESSAGE_LOG_TRANSPORT } from '../events/transports.js';
import { MessageLog } from './message-log.js';

/**
 * Receives messages and the ledger's dead letters, in batches of a partition. If it throws, the batch is delivered
 * again.
 */
@Controller()
export class MessageLogController {
  constructor(private readonly messageLog: MessageLog) {}

  @EventPattern(TOPICS.messages, MESSAGE_LOG_TRANSPORT)
  async onMessages(@Payload() records: KafkaRecord[]): Promise<void> {
    await this.messageLog.apply(records);
  }

  @EventPattern(TOPICS.deadLetters, MESSAGE_LOG_TRANSPORT)
  async onDeadLetters(@Payload() records: KafkaRecord[]): Promise<void> {
    await this.messageLog.refuse(records);
  }
}
