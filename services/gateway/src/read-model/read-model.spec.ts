import { expect, test } from '@jest/globals';
import type { KafkaRecord } from '@subledger/kafka';
import { createLogger } from '@subledger/service-kit';
import type pg from 'pg';
import { OutcomeRoom } from '../operations/outcome-room.js';
import { eventText, usedEvent } from '../test-support/ledger-events.js';
import { WebhookFeed } from '../webhooks/webhook-feed.js';
import { EarlyOutcomes } from './early-outcomes.js';
import { ReadModel } from './read-model.js';

/** What a batch sends to the database: statements by themselves, and statements of a transaction. */
async function sentWith(listening: readonly string[]): Promise<{ alone: number; within: string[] }> {
  const sent = { alone: 0, within: [] as string[] };
  const answer = { rows: [], rowCount: 0, command: 'COMMIT' };
  const client = {
    query: async (text: string) => {
      sent.within.push(text.trim().split(/\s+/).slice(0, 3).join(' '));
      return answer;
    },
    release: () => {},
  };
  const pool = {
    query: async () => {
      sent.alone += 1;
      return answer;
    },
    connect: async () => client,
  };
  const listeners = { isEmpty: listening.length === 0, has: (id: string) => listening.includes(id) };
  const model = new ReadModel(
    pool as unknown as pg.Pool,
    { write: async () => {} },
    new EarlyOutcomes(new OutcomeRoom()),
    new WebhookFeed(listeners, () => {}),
    createLogger({ service: 'suite', level: 'silent' }),
  );
  const records = ['ma_1', 'ma_2'].map(
    (main) =>
      ({
        key: main,
        value: Buffer.from(eventText(usedEvent(85, { main }))),
        headers: {},
        partition: 0,
        offset: 0n,
      }) as unknown as KafkaRecord,
  );
  await model.apply(records);
  return sent;
}

test('a batch that no webhook is told of is one statement', async () => {
  expect(await sentWith([])).toEqual({ alone: 1, within: [] });
  expect(await sentWith(['ma_3'])).toEqual({ alone: 1, within: [] });
});

test('one that some webhook is told of is a transaction that locks first', async () => {
  const { alone, within } = await sentWith(['ma_2']);
  expect(alone).toBe(0);
  expect(within.slice(0, 3)).toEqual([
    'BEGIN',
    'SELECT main_account_id, generation,',
    'SELECT x.main_account_id, x.sub_account_id,',
  ]);
  expect(within.at(-1)).toBe('COMMIT');
});
