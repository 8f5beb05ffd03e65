import { parseArgs } from 'node:util';
import {
  type MessageData,
  type MessageName,
  makeCloudEvent,
  messageType,
  TOPICS,
} from '@subledger/contracts';
import { type OutgoingRecord, RecordProducer } from '@subledger/kafka';
import { withDevStack } from '@subledger/service-kit';
import { fictitiousRecipient, SAMPLE_SENDERS, SAMPLE_TEXTS } from '@subledger/simulator';
import { v7 as uuidv7 } from 'uuid';
import type { Command } from '../command.js';
import { DevstackError } from '../devstack-error.js';

const OPTIONS = {
  main: { type: 'string' },
  sub: { type: 'string' },
  points: { type: 'string', default: '1' },
  count: { type: 'string', default: '1' },
} as const;

const MAX_COUNT = 100_000;

/** A report as the SMS service writes it: its key is the main account. */
function report<Name extends MessageName>(name: Name, id: string, data: MessageData<Name>): OutgoingRecord {
  const time = new Date().toISOString();
  const event = makeCloudEvent(messageType(name), { id, source: '/sms', time, data });
  return { topic: TOPICS.messages, key: data.mainAccountId, value: JSON.stringify(event) };
}

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
    const { KAFKA_BROKERS: brokers = '' } = withDevStack(process.env, process.cwd(), ['KAFKA_BROKERS']);
    const producer = new RecordProducer({ brokers: brokers.split(','), clientId: 'sms' });
    await producer.connect();
    try {
      const messages = Array.from({ length: count }, () => ({
        mainAccountId: main,
        subAccountId: sub,
        messageId: `msg-${uuidv7()}`,
      }));
      const at = new Date().toISOString();
      await producer.send(
        messages.map((ids) =>
          report('message.sent', ids.messageId, {
            ...ids,
            sentAt: at,
            sender: SAMPLE_SENDERS[0],
            recipient: fictitiousRecipient(1),
            content: SAMPLE_TEXTS[0],
            segments: 1,
            points,
          }),
        ),
      );
      await producer.send(
        messages.map((ids) =>
          report('message.status', uuidv7(), { ...ids, status: 'MESSAGE_DELIVERY_COMPLETE', at }),
        ),
      );
    } finally {
      await producer.close();
    }
    console.log(`reported ${count} message(s) of ${points} points each`);
    return 0;
  },
};
