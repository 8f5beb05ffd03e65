/**
 * The part of kcat that docs/upstream.md uses, with our own Kafka client, for machines without kcat. It takes the
 * same arguments and prints the same lines. Other options are refused.
 */
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { topicSettings } from '@subledger/contracts';
import { type KafkaRecord, LogReader, RecordProducer } from '@subledger/kafka';

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', short: 'b' },
    topic: { type: 'string', short: 't' },
    consume: { type: 'boolean', short: 'C' },
    produce: { type: 'boolean', short: 'P' },
    query: { type: 'boolean', short: 'Q' },
    offset: { type: 'string', short: 'o' },
    exit: { type: 'boolean', short: 'e' },
    quiet: { type: 'boolean', short: 'q' },
    format: { type: 'string', short: 'f' },
    key: { type: 'string', short: 'k' },
    partition: { type: 'string', short: 'p' },
    setting: { type: 'string', short: 'X', multiple: true },
  },
});
const { brokers = '', topic = '', format = '%s\\n', key, partition, setting = [] } = values;
const config = { brokers: brokers.split(','), clientId: 'kcat-stand-in' };

if (values.produce) await produce();
else if (values.query) await query();
else if (values.consume && values.offset === 'beginning' && values.exit) await consume();
else throw new Error('kcat -P, kcat -Q, or kcat -C -o beginning -e');

/** One record for each line of standard input. */
async function produce(): Promise<void> {
  if (key === undefined) throw new Error('kcat -P without -k');
  if (partition === undefined && !setting.includes('partitioner=murmur2_random'))
    throw new Error('librdkafka would not use murmur2: -X partitioner=murmur2_random');
  const lines = (await text(process.stdin)).split('\n').filter((line) => line !== '');
  const producer = new RecordProducer(config);
  try {
    await producer.send(
      lines.map((value) => ({
        topic,
        key,
        value,
        ...(partition === undefined ? {} : { partition: Number(partition) }),
      })),
    );
  } finally {
    await producer.close();
  }
}

/** The end offset: `topic [partition] offset N` for `-t topic:partition:-1`. */
async function query(): Promise<void> {
  const [name = '', number = '', when] = topic.split(':');
  if (when !== '-1') throw new Error('kcat -Q tells end offsets only: -t topic:partition:-1');
  await withReader(async (reader) => {
    const { high } = await reader.range(name, Number(number));
    console.log(`${name} [${number}] offset ${high}`);
  });
}

/** Every record up to the current end of each partition. */
async function consume(): Promise<void> {
  const partitions = topicSettings().find(({ name }) => name === topic)?.partitions ?? 0;
  await withReader(async (reader) => {
    for (let number = 0; number < partitions; number += 1) {
      const { low, high } = await reader.range(topic, number);
      for (let at = low; at < high; ) {
        const { records, next } = await reader.readFrom(topic, number, at);
        for (const record of records) process.stdout.write(printed(record));
        if (next === at) break;
        at = next;
      }
    }
  });
}

function printed(record: KafkaRecord): string {
  const fields: Record<string, string> = {
    '%k': record.key ?? '',
    '%p': String(record.partition),
    '%o': String(record.offset),
    '%s': record.value?.toString('utf8') ?? '',
    '\\n': '\n',
  };
  return format.replaceAll(/%[kpos]|\\n/g, (field) => fields[field] as string);
}

async function withReader(use: (reader: LogReader) => Promise<void>): Promise<void> {
  const reader = new LogReader(config);
  try {
    await use(reader);
  } finally {
    await reader.close();
  }
}
