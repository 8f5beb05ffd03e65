import { describe, expect, test } from '@jest/globals';
import type { KafkaRecord } from '@subledger/kafka';
import { createLogger } from '@subledger/service-kit';
import type pg from 'pg';
import type { LedgerEvent } from '../events/parse-events.js';
import { PendingDirectRequests } from '../operations/pending-direct-requests.js';
import { eventText, ledgerEvent, usedEvent } from '../test-support/ledger-events.js';
import { WebhookFeed } from '../webhooks/webhook-feed.js';
import { EarlyOutcomes } from './early-outcomes.js';
import { ReadModel } from './read-model.js';

/** What a batch sends to the database: statements by themselves, and statements of a transaction. */
async function sentWith(
  listening: readonly string[],
  events: readonly LedgerEvent[] = ['ma_1', 'ma_2'].map((main) => usedEvent(85, { main })),
  waiting = { knowsAsOutcomeOnly: (_: string) => false, wake: (_: string) => {} },
): Promise<{ alone: number; within: string[] }> {
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
    { steps: pool as unknown as pg.Pool, oneStatement: pool as unknown as pg.Pool },
    { write: async () => {} },
    new EarlyOutcomes(new PendingDirectRequests()),
    waiting,
    new WebhookFeed(listeners, () => {}),
    createLogger({ service: 'suite', level: 'silent' }),
  );
  const records = events.map(
    (event) =>
      ({
        key: event.data.mainAccountId,
        value: Buffer.from(eventText(event)),
        headers: {},
        partition: 0,
        offset: 0n,
      }) as unknown as KafkaRecord,
  );
  await model.apply(records);
  return sent;
}

test('a batch without webhook events is one statement', async () => {
  expect(await sentWith([])).toEqual({ alone: 1, within: [] });
  expect(await sentWith(['ma_3'])).toEqual({ alone: 1, within: [] });
});

test('one with a webhook event is a transaction that locks first', async () => {
  const { alone, within } = await sentWith(['ma_2']);
  expect(alone).toBe(0);
  expect(within.slice(0, 3)).toEqual([
    'BEGIN',
    'SELECT main_account_id, generation,',
    'SELECT x.main_account_id, x.sub_account_id,',
  ]);
  expect(within.at(-1)).toBe('COMMIT');
});

describe('the outcome of a plain operation', () => {
  const changed = ledgerEvent('limit.changed', {
    sub: {},
    previousLimit: '90',
    effective: 'immediately',
    cause: { kind: 'command', id: 'op_1', type: 'subledger.limit.change.v1' },
  });

  test('is one statement if its request waits here, and the request is notified after the commit', async () => {
    const woken: string[] = [];
    const waiting = {
      knowsAsOutcomeOnly: (id: string) => id === 'op_1',
      wake: (id: string) => woken.push(id),
    };
    expect(await sentWith([], [changed], waiting)).toEqual({ alone: 1, within: [] });
    expect(woken).toEqual(['op_1']);
  });

  test('is looked up first if no request here knows it', async () => {
    expect(await sentWith([], [changed])).toEqual({ alone: 2, within: [] });
  });
});
