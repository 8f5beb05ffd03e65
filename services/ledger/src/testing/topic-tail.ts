import { setTimeout as sleep } from 'node:timers/promises';
import { BatchConsumer, type KafkaConfig, type KafkaRecord } from '@subledger/kafka';

/** All committed records of a topic since its beginning, as a reader (`read_committed`) sees them. */
export class TopicTail {
  readonly records: KafkaRecord[] = [];
  private readonly consumer: BatchConsumer;

  constructor(kafka: KafkaConfig, topic: string) {
    this.consumer = new BatchConsumer(kafka, {
      groupId: `${kafka.topicPrefix}tail-${topic}`,
      topics: [topic],
      fromBeginning: true,
      commit: 'manual',
      onBatch: ({ records }) => {
        for (const record of records) this.records.push(record);
      },
    });
  }

  start(): Promise<void> {
    return this.consumer.start();
  }

  stop(): Promise<void> {
    return this.consumer.stop();
  }

  /** The values as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever is there
  get values(): any[] {
    return this.records.map((record) => JSON.parse(record.value?.toString() ?? 'null'));
  }

  /**
   * Waits until the condition holds for the values.
   * @throws Error after `timeoutMs`, with the values
   */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  async until(isEnough: (values: any[]) => boolean, timeoutMs = 20_000): Promise<any[]> {
    const deadline = Date.now() + timeoutMs;
    while (!isEnough(this.values)) {
      if (Date.now() > deadline) {
        const seen = this.values.map((value) => value.type ?? value.reason ?? value.subAccountId);
        throw new Error(`still waiting; there are ${seen.length}: ${seen.slice(-20).join(', ')}`);
      }
      await sleep(10);
    }
    return this.values;
  }
}
