import { BatchConsumer, type KafkaConfig, type KafkaRecord } from '@subledger/kafka';

/** Resolves when it reads; `onRecord` gets every committed record of the topic from these offsets on. */
export async function readFrom(
  config: KafkaConfig,
  topic: string,
  from: ReadonlyMap<string, bigint>,
  onRecord: (record: KafkaRecord) => void,
): Promise<{ stop(): Promise<void> }> {
  const consumer = new BatchConsumer(
    { ...config, clientId: 'bench-reader' },
    {
      groupId: `bench-reader-${process.pid}-${Date.now()}`,
      topics: [topic],
      fromBeginning: true,
      commit: 'manual',
      onAssigned: async () => new Map(from),
      onBatch: ({ records }) => {
        for (const record of records) onRecord(record);
      },
    },
  );
  await consumer.start();
  return consumer;
}
