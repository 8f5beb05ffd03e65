import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTopics, testConfig } from '../broker.fixture.js';
import type { KafkaConfig } from '../config.js';
import { RecordProducer } from '../produce/record-producer.js';
import { LogReader } from './log-reader.js';

const TOPIC = 'looked-into';
const PARTITIONS = 12;

let config: KafkaConfig;
let drop: () => Promise<void>;

beforeAll(async () => {
  config = testConfig();
  drop = await createTopics(config, { [TOPIC]: PARTITIONS });
  const producer = new RecordProducer(config);
  await producer.send(
    Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: TOPIC,
      partition,
      key: 'k',
      value: `value ${partition}`,
      headers: {},
    })),
  );
  await producer.close();
});
afterAll(() => drop?.());

it('answers all of many calls at once, on a reader that has just been made', async () => {
  for (let round = 0; round < 5; round += 1) {
    const reader = new LogReader(config);
    try {
      const answers = await Promise.all(
        Array.from({ length: PARTITIONS }, async (_, partition) => {
          const [{ low, high }, { records, next }, record] = await Promise.all([
            reader.range(TOPIC, partition),
            reader.readFrom(TOPIC, partition, 0n),
            reader.read(TOPIC, partition, 0n),
          ]);
          return { low, first: String(records[0]?.value), rest: high - next, same: String(record?.value) };
        }),
      );
      expect(answers).toEqual(
        Array.from({ length: PARTITIONS }, (_, partition) => ({
          low: 0n,
          first: `value ${partition}`,
          rest: 0n,
          same: `value ${partition}`,
        })),
      );
    } finally {
      await reader.close();
    }
  }
});
