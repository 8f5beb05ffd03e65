import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TransferView } from '@subledger/contracts';
import { createPool } from '@subledger/database';
import type { KafkaRecord } from '@subledger/kafka';
import { createLogger } from '@subledger/service-kit';
import { createTestDatabase, type TestDatabase } from '@subledger/testing';
import type pg from 'pg';
import type { LedgerEvent } from '../events/parse-events.js';
import { PendingDirectRequests } from '../operations/pending-direct-requests.js';
import { afterUse, eventText, ledgerEvent, usedEvent } from '../test-support/ledger-events.js';
import { novembersClosing } from '../test-support/period-events.js';
import { WebhookFeed } from '../webhooks/webhook-feed.js';
import { EarlyOutcomes } from './early-outcomes.js';
import { ReadModel } from './read-model.js';

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  pool = createPool({ url: database.url, schema: 'gateway', applicationName: 'suite', max: 4 });
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

/** @param isHeard whether main accounts have webhooks: their batches are written in steps, others in one statement */
const readModel = (isHeard: boolean) =>
  new ReadModel(
    { steps: pool, oneStatement: pool },
    {
      write: async (_record, reason, detail) => {
        throw new Error(`dead-lettered: ${reason} ${detail}`);
      },
    },
    new EarlyOutcomes(new PendingDirectRequests()),
    { knowsAsOutcomeOnly: () => false, wake: () => {} },
    new WebhookFeed({ isEmpty: !isHeard, has: () => isHeard }, () => {}),
    createLogger({ service: 'suite', level: 'silent' }),
  );

let offset = 0n;
const recordOf = (event: LedgerEvent): KafkaRecord => {
  offset += 1n;
  const value = Buffer.from(eventText(event));
  return {
    key: event.data.mainAccountId,
    value,
    headers: {},
    partition: 0,
    offset,
  } as unknown as KafkaRecord;
};

interface Given {
  readonly main: string;
  readonly generation: number;
  readonly sequence: number;
  /** Tells one event's figures from another's. */
  readonly figure: number;
}
const balanced = ({ figure }: Given) => ({ ...usedEvent(0).data.mainAccount, balance: String(figure) });
const transfer = ({ figure }: Given): TransferView => ({
  sequence: 7,
  kind: 'purchase',
  from: 'purchased',
  to: 'main',
  points: String(figure),
  fromBalance: '-1',
  toBalance: String(figure),
  subAccountId: null,
  messageId: null,
  period: '2026-11',
  reference: '',
});

interface Kind {
  readonly what: string;
  readonly event: (given: Given) => LedgerEvent;
  /** The figure that the table has. */
  readonly sql: string;
}
const KINDS: readonly Kind[] = [
  {
    what: 'the main account',
    event: (given) => usedEvent(1, { ...given, mainAccount: balanced(given) }),
    sql: 'SELECT balance FROM main_account_state WHERE main_account_id = $1',
  },
  {
    what: 'a sub-account',
    event: ({ figure, ...given }) => usedEvent(figure, given),
    sql: 'SELECT used FROM sub_account_state WHERE main_account_id = $1',
  },
  {
    what: 'a closed statement',
    event: ({ figure, ...given }) =>
      ledgerEvent('sub-account.rolled', {
        ...given,
        sub: afterUse(0),
        period: '2026-12',
        closed: { ...novembersClosing, used: String(figure) },
      }),
    sql: 'SELECT used FROM period_statement WHERE main_account_id = $1',
  },
  {
    what: 'where a period begins',
    event: (given) => ledgerEvent('main-account.opened', { ...given, mainAccount: balanced(given) }),
    sql: 'SELECT balance FROM period_start WHERE main_account_id = $1',
  },
];
/** By their own numbers: only a later generation writes one again. */
const NUMBERED: readonly Kind[] = [
  {
    what: 'a transfer',
    event: (given) => usedEvent(1, { ...given, transfers: [transfer(given)] }),
    sql: 'SELECT millipoints FROM transfer WHERE main_account_id = $1',
  },
  {
    what: 'a late charge',
    event: ({ figure, ...given }) => usedEvent(1, { ...given, late: true, points: String(figure) }),
    sql: 'SELECT used FROM period_late_fact WHERE main_account_id = $1',
  },
];

let mains = 0;
async function figureAfter(kind: Kind, isHeard: boolean, batches: readonly Omit<Given, 'main'>[][]) {
  mains += 1;
  const main = `ma_late${mains}`;
  const model = readModel(isHeard);
  for (const batch of batches)
    await model.apply(batch.map((given) => recordOf(kind.event({ main, ...given }))));
  const { rows } = await pool.query({ text: kind.sql, values: [main], rowMode: 'array' });
  return rows.map((row) => Number((row as bigint[])[0]) / 1_000);
}

const older = { generation: 1, sequence: 4, figure: 10 };
const newer = { generation: 1, sequence: 5, figure: 20 };
const restored = { generation: 2, sequence: 1, figure: 30 };

describe.each([
  ['in one statement', false],
  ['in steps', true],
])('a batch that is written %s', (_how, isHeard) => {
  describe.each(KINDS)('$what', (kind) => {
    test.each([
      ['a newer event replaces it', [[older], [newer]], 20],
      ['an older event changes nothing', [[newer], [older]], 20],
      ['nor does it in the same batch', [[newer, older]], 20],
      ['the newer one of a batch is taken', [[older, newer]], 20],
      ['an older event of a later generation replaces it', [[newer], [restored]], 30],
      ['one of an earlier generation changes nothing', [[restored], [newer]], 30],
      ['nor does it in the same batch, whatever its sequence', [[restored, newer]], 30],
      ['a repeat changes nothing', [[newer], [{ ...newer, figure: 99 }]], 20],
    ])('%s', async (_what, batches, figure) => {
      expect(await figureAfter(kind, isHeard, batches)).toEqual([figure]);
    });
  });

  describe.each(NUMBERED)('$what', (kind) => {
    test.each([
      ['is written once', [[newer], [{ ...newer, figure: 99 }]], 20],
      ['is that of the later generation', [[newer], [{ ...newer, generation: 2, figure: 30 }]], 30],
      ['is not that of an earlier one', [[{ ...newer, generation: 2, figure: 30 }], [newer]], 30],
      ['nor in the same batch', [[{ ...newer, generation: 2, figure: 30 }, newer]], 30],
    ])('%s', async (_what, batches, figure) => {
      expect(await figureAfter(kind, isHeard, batches)).toEqual([figure]);
    });
  });
});
