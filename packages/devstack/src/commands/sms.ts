import { parseArgs } from 'node:util';
import { RecordProducer } from '@subledger/kafka';
import { messageRecord, messageSent, messageStatus } from '@subledger/testing';
import type { Command } from '../command.js';
import { DevstackError } from '../devstack-error.js';
import { addressFrom } from './start-dev-json.js';
import { homeFromEnv } from './start-paths.js';

const OPTIONS = {
  main: { type: 'string' },
  sub: { type: 'string' },
  points: { type: 'string', default: '1' },
  count: { type: 'string', default: '1' },
} as const;

const MAX_COUNT = 100_000;

const delivered = (mainAccountId: string, subAccountId: string, messageId: string) =>
  messageStatus({ mainAccountId, subAccountId, messageId });

/** Plays the SMS sending service: reports messages of a sub-account, then their delivery. */
export const sms: Command = {
  name: 'sms',
  summary: 'report simulated messages (--main ma_… --sub sa_… [--points 1.2] [--count 10])',
  async run(args) {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    const { main, sub, points } = values;
    const count = Number(values.count);
    if (!main || !sub || !Number.isInteger(count) || count < 1 || count > MAX_COUNT)
      throw new DevstackError(`--main and --sub are needed, --count is 1 to ${MAX_COUNT}`);
    const brokers = await addressFrom('KAFKA_BROKERS', homeFromEnv());
    const producer = new RecordProducer({ brokers: brokers.split(','), clientId: 'sms' });
    await producer.connect();
    try {
      const sent = Array.from({ length: count }, () =>
        messageSent({ mainAccountId: main, subAccountId: sub, points }),
      );
      await producer.send(sent.map(messageRecord));
      await producer.send(sent.map(({ data }) => messageRecord(delivered(main, sub, data.messageId))));
    } finally {
      await producer.close();
    }
    console.log(`reported ${count} message(s) of ${points} points each`);
    return 0;
  },
};
