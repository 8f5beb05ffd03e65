import { expect, test } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { DeadLetterSeal } from '@subledger/kafka';
import { messageSent } from '@subledger/testing';
import { MessageLog } from './message-log.js';

const SEAL = new DeadLetterSeal('a key of this suite');
const SECRET = 'very private text';
const message = messageSent({ mainAccountId: 'ma_1', subAccountId: 'sa_1', content: SECRET });
const record = {
  topic: TOPICS.messages,
  partition: 0,
  offset: 7n,
  key: 'ma_1',
  headers: {},
  timestampMs: Date.now(),
  value: Buffer.from(JSON.stringify(message)),
};

/** A database that refuses every statement, and quotes the row as PostgreSQL does. */
function refusing(code: string) {
  const lines: unknown[] = [];
  const note = (...line: unknown[]) => lines.push(line);
  const refuse = async () => {
    throw Object.assign(new Error(`Failing row contains (${SECRET})`), { code, detail: SECRET });
  };
  const pool = { connect: async () => ({ query: refuse, release: () => undefined }) };
  const log = { error: note, warn: note, info: note };
  return {
    lines,
    messageLog: new MessageLog(pool as never, { write: async () => undefined }, SEAL, log as never),
  };
}
const shown = (value: unknown): string =>
  value instanceof Error
    ? `${value.stack} ${JSON.stringify(Object.getOwnPropertyDescriptors(value))} ${String(value.cause)}`
    : JSON.stringify(value);

test('a record that the database refuses permanently is left out; no log line contains its content', async () => {
  const { lines, messageLog } = refusing('23514');
  await messageLog.apply([record]);
  expect(lines).toHaveLength(1);
  expect(shown(lines)).toContain('23514');
  expect(shown(lines)).not.toContain(SECRET);
});

test('an outage delivers the batch again; the error has nothing of it', async () => {
  const { messageLog } = refusing('40P01');
  const error = await messageLog.apply([record]).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  expect(shown(error)).not.toContain(SECRET);
});
