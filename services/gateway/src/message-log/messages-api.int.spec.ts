import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MESSAGE_CSV_COLUMNS } from '@subledger/contracts';
import { createPool } from '@subledger/database';
import { RecordProducer } from '@subledger/kafka';
import { eventually, messageRecord, messageRefunded, messageSent } from '@subledger/testing';
import { parse } from 'csv-parse/sync';
import { prismaOf } from '../test-support/prisma-of.js';
import { TestGateway } from '../test-support/test-gateway.js';
import { listMessages } from './message-query.js';
import { dropOldMessages } from './retention.js';
import { usageByDay } from './usage-query.js';

let gateway: TestGateway;
let producer: RecordProducer;
let mainAccountId: string;
let sales: string;
let support: string;
let path: string;

/** Texts that spreadsheets, readers or we ourselves could stumble over. */
const CONTENTS = [
  'ご予約の確認です。「明日」10時',
  'emoji 🎉👩‍👩‍👧 and "quotes", commas',
  'two\nlines\r\nthree\n"quoted\n"',
  '=HYPERLINK("http://evil","x")',
  '+1',
  '-1+2',
  '@SUM(A1)',
  '\tTab',
  "'already",
  '\\.',
  '',
  ' = not a formula',
];
/** The month before this one: what was sent over a year ago is not taken. */
const today = new Date();
const monthFromNow = (months: number, day = 1) =>
  new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + months, day));
const MONTH = monthFromNow(-1).toISOString().slice(0, 7);
const at = (minute: number) => new Date(Date.parse(`${MONTH}-10T14:00:00Z`) + minute * 60_000).toISOString();

beforeAll(async () => {
  gateway = await TestGateway.start({ CSV_DOWNLOADS: '2' });
  producer = new RecordProducer(gateway.kafka);
  mainAccountId = await gateway.mainAccount();
  sales = await gateway.subAccount(mainAccountId, 'Sales1');
  support = await gateway.subAccount(mainAccountId, 'Support1');
  path = `/v1/main-accounts/${mainAccountId}`;
  const events = CONTENTS.map((content, index) =>
    messageSent({
      mainAccountId,
      subAccountId: index % 2 ? support : sales,
      messageId: `msg-${index}`,
      content,
      points: '1.25',
      // Midnight in Tokyo lies between them: 14:55 + 1 … + 12 minutes UTC.
      sentAt: at(55 + index),
    }),
  );
  const refund = messageRefunded({ mainAccountId, subAccountId: sales, messageId: 'msg-0', points: '0.25' });
  await producer.send([...events, refund].map(messageRecord));
  await eventually(async () => {
    const { body } = await gateway.call('GET', `${path}/messages?messageId=msg-0`);
    return body.items[0]?.refunded === '0.25';
  });
  await gateway.call('DELETE', `${path}/sub-accounts/${support}`);
});
test.each([
  '2000-01-01T00:00:00+16:00',
  '2000-01-01T00:00:00-23:59',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
])(
  'the instant %s, which the database would refuse or hardly takes, is a bound like any other',
  async (instant) => {
    for (const name of ['from', 'to']) {
      const query = `${name}=${encodeURIComponent(instant)}`;
      expect((await gateway.call('GET', `${path}/messages?${query}`)).status).toBe(200);
      const file = await gateway.call('GET', `${path}/messages.csv?${query}`);
      expect([file.status, file.body.includes(MESSAGE_CSV_COLUMNS[0])]).toEqual([200, true]);
    }
  },
);
afterAll(async () => {
  await producer?.close();
  await gateway?.stop();
});

const ids = (body: { items: { messageId: string }[] }) => body.items.map(({ messageId }) => messageId);

describe('the list', () => {
  test('newest first, in pages that what is sent meanwhile does not move', async () => {
    const first = await gateway.call('GET', `${path}/messages?limit=5`);
    expect(ids(first.body)).toEqual(['msg-11', 'msg-10', 'msg-9', 'msg-8', 'msg-7']);
    const late = messageSent({ mainAccountId, subAccountId: sales, messageId: 'late', sentAt: at(90) });
    await producer.send([messageRecord(late)]);
    await eventually(
      async () => ids((await gateway.call('GET', `${path}/messages?limit=1`)).body)[0] === 'late',
    );
    const second = await gateway.call('GET', `${path}/messages?limit=50&cursor=${first.body.nextCursor}`);
    expect(ids(second.body)).toEqual(['msg-6', 'msg-5', 'msg-4', 'msg-3', 'msg-2', 'msg-1', 'msg-0']);
    expect(second.body.nextCursor).toBeNull();
  });

  test.each([
    ['from and to', () => `from=${at(56)}&to=${at(58)}`, ['msg-2', 'msg-1']],
    ['a sub-account, though it is deleted', () => `subAccount=${support}&limit=2`, ['msg-11', 'msg-9']],
    ['a message id', () => 'messageId=msg-3', ['msg-3']],
    ['a recipient that got none', () => 'recipient=%2B10', []],
    ['a status that none has', () => 'status=MESSAGE_EXPIRED', []],
  ])('filter: %s', async (_name, query, expected) => {
    expect(ids((await gateway.call('GET', `${path}/messages?${query()}`)).body)).toEqual(expected);
  });

  test('refuses other main accounts and the SMS service, and names invalid parameters', async () => {
    const other = await gateway.mainAccount();
    const key = await gateway.apiKey(other, ['read']);
    for (const each of ['messages', 'messages.csv', 'usage'])
      expect((await gateway.call('GET', `${path}/${each}`, { key })).status).toBe(404);
    expect((await gateway.call('GET', `/v1/main-accounts/${other}/messages`, { key })).body.items).toEqual(
      [],
    );
    expect((await gateway.call('GET', '/v1/me/messages', { key })).status).toBe(403);
    expect((await gateway.call('GET', '/v1/me/usage', { key })).status).toBe(403);
    const bad = await gateway.call('GET', `${path}/messages?from=yesterday&status=LOST&cursor=abc`);
    expect(bad.status).toBe(422);
    expect(bad.body.errors.map((error: { path: string }) => error.path).sort()).toEqual(['from', 'status']);
  });

  test('a sub-account sees its own alone', async () => {
    const { prisma, close } = prismaOf(gateway.database.url);
    try {
      const list = await listMessages(prisma, mainAccountId, { limit: 50, subAccount: support });
      expect(list.items).toHaveLength(CONTENTS.length / 2);
      const scope = { mainAccountId, subAccountId: support, period: MONTH, timeZone: 'Asia/Tokyo' };
      expect((await usageByDay(prisma, scope)).total.messages).toBe(CONTENTS.length / 2);
    } finally {
      await close();
    }
  });
});

test('usage by day and by sub-account, in the zone of the main account', async () => {
  const byDay = (await gateway.call('GET', `${path}/usage?period=${MONTH}`)).body;
  expect(byDay.items).toHaveLength(monthFromNow(0, 0).getUTCDate());
  const used = byDay.items.filter((day: { messages: number }) => day.messages > 0);
  // 14:55 to 14:59 UTC is the 10th in Tokyo.
  expect(used).toEqual([
    { day: `${MONTH}-10`, messages: 5, points: '6.25', refunded: '0.25' },
    { day: `${MONTH}-11`, messages: 8, points: '9.75', refunded: '0' },
  ]);
  expect(byDay.total).toEqual({ messages: 13, points: '16', refunded: '0.25' });
  const bySub = (await gateway.call('GET', `${path}/usage?period=${MONTH}&by=sub-account&limit=1`)).body;
  expect(bySub.items).toEqual([
    { subAccountId: sales, subAccount: 'Sales1', messages: 7, points: '8.5', refunded: '0.25' },
  ]);
  const next = (
    await gateway.call('GET', `${path}/usage?period=${MONTH}&by=sub-account&cursor=${bySub.nextCursor}`)
  ).body;
  expect(next.items).toMatchObject([{ subAccount: 'Support1', messages: 6, points: '7.5' }]);
  expect(next.nextCursor).toBeNull();
});

describe('the CSV', () => {
  const rowsOf = (text: string) => parse(text, { columns: true, bom: true }) as Record<string, string>[];

  test('is what RFC 4180, Excel and a reader want; every text comes back', async () => {
    const response = await fetch(`${gateway.running.url}${path}/messages.csv?to=${at(80)}`, {
      headers: { authorization: 'Bearer operator-key-of-the-suites-0123456789' },
    });
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="messages-${mainAccountId}.csv"`,
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const bytes = Buffer.from(await response.arrayBuffer());
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const text = bytes.toString('utf8');
    expect(text.startsWith(`\ufeff${MESSAGE_CSV_COLUMNS.join(',')}\r\n`)).toBe(true);
    expect(text.endsWith('\r\n')).toBe(true);
    const rows = rowsOf(text);
    const guarded = (content: string) => (/^[=+\-@\t']|^ =/.test(content) ? `'${content}` : content);
    expect(rows.map((row) => row.MESSAGE)).toEqual(CONTENTS.map(guarded));
    expect(rows[0]).toEqual({
      SUBACCOUNT: 'Sales1',
      'SEND TIME': `${MONTH}-10 23:55:00+09:00`,
      'LATEST STATUS UPDATED TIME': '',
      'DELIVERY END TIME': '',
      'MESSAGE ID': 'msg-0',
      RECIPIENT: "'+819000000001",
      'SENDER ID': 'TestSender',
      MESSAGE: CONTENTS[0],
      'MESSAGE STATUS': '',
      USED_POINTS: '1',
      'SHORTLINK STATUS': '',
      'SHORTLINK URL': '',
      'SUBACCOUNT ID': sales,
    });
    expect(rows[1]).toMatchObject({ SUBACCOUNT: 'Support1', USED_POINTS: '1.25' });
  });

  test('filters; HEAD reads nothing; no rows are a header', async () => {
    const bySub = await gateway.call('GET', `${path}/messages.csv?subAccount=${support}`);
    expect(new Set(rowsOf(bySub.body).map((row) => row.SUBACCOUNT))).toEqual(new Set(['Support1']));
    expect((await gateway.call('HEAD', `${path}/messages.csv`)).body).toBe('');
    const none = await gateway.call('GET', `${path}/messages.csv?status=MESSAGE_EXPIRED`);
    expect(none.body.replace('\ufeff', '')).toBe(`${MESSAGE_CSV_COLUMNS.join(',')}\r\n`);
    expect((await gateway.call('GET', `${path}/messages.csv?to=never`)).status).toBe(422);
  });

  describe('of a long log', () => {
    let long: string;
    beforeAll(async () => {
      long = await gateway.mainAccount();
      await gateway.database.client.query(
        `INSERT INTO gateway.message_log (main_account_id, sent_at, message_id, sub_account_id, sender, recipient,
            content, segments, millipoints, refunded, source_partition, source_offset)
          SELECT $1, $2::timestamptz + n * INTERVAL '1 second', 'm' || n, 'sa_x', 's', 'r', repeat('x', 1000),
            1, 1000, 0, 0, n FROM generate_series(1, 60000) AS n`,
        [long, `${MONTH}-01`],
      );
    });
    const open = async (signal?: AbortSignal) => {
      const response = await fetch(`${gateway.running.url}/v1/main-accounts/${long}/messages.csv`, {
        headers: { authorization: 'Bearer operator-key-of-the-suites-0123456789' },
        ...(signal ? { signal } : {}),
      });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      return reader;
    };
    const readAll = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<number> => {
      for (let bytes = 0; ; ) {
        const { done, value } = await reader.read();
        if (done) return bytes;
        bytes += value.length;
      }
    };
    const working = async () => {
      const { rows } = await gateway.database.client.query(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gateway-csv'
          AND query LIKE 'COPY%' AND state = 'active'`,
      );
      return rows.map((row) => row.pid as number);
    };

    test('a query that is killed breaks the transfer off', async () => {
      const reader = await open();
      // The header comes before the query runs.
      const pid = await eventually(async () => (await working())[0]);
      await gateway.database.client.query('SELECT pg_terminate_backend($1)', [pid]);
      await expect(readAll(reader)).rejects.toThrow();
    });

    test('a reader that goes away ends the query; its place is free again', async () => {
      const abort = new AbortController();
      await open(abort.signal);
      await eventually(async () => (await working()).length === 1);
      abort.abort();
      await eventually(async () => (await working()).length === 0);
    });

    test('more than the allowed concurrent ones are refused with a wait', async () => {
      const readers = await eventually(async () => [await open(), await open()]);
      const third = await gateway.call('GET', `/v1/main-accounts/${long}/messages.csv`);
      expect(third).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
      expect(third.headers.get('retry-after')).toBe('10');
      const sizes = await Promise.all(readers.map(readAll));
      expect(Math.min(...sizes)).toBeGreaterThan(60_000_000);
    });
  });
});

test('what is older than what is kept goes, month by month, with ids and sums', async () => {
  const pool = createPool({ url: gateway.database.url, schema: 'gateway', applicationName: 'suite', max: 2 });
  const count = async (table: string) =>
    Number(
      (await pool.query(`SELECT count(*) AS n FROM ${table} WHERE main_account_id = $1`, [mainAccountId]))
        .rows[0].n,
    );
  try {
    const old = messageSent({
      mainAccountId,
      subAccountId: sales,
      messageId: 'old',
      sentAt: monthFromNow(-8, 3).toISOString(),
    });
    await producer.send([messageRecord(old)]);
    await eventually(async () => (await count('message_log')) === 14);
    const kept = await dropOldMessages(pool, 2, monthFromNow(0, 5));
    expect(kept).toMatchObject({ messages: 1 });
    expect([await count('message_log'), await count('message_key')]).toEqual([13, 13]);
    // A table that somebody else has locked (a reader, autovacuum) is left to the next call.
    await eventually(
      async () => (await dropOldMessages(pool, 2, monthFromNow(1, 5))).months.includes(MONTH),
      { what: 'the month to be dropped' },
    );
    for (const table of ['message_log', 'message_key', 'message_usage', 'message_refund'])
      expect(await count(table)).toBe(0);
    expect((await gateway.call('GET', `${path}/messages`)).body.items).toEqual([]);
  } finally {
    await pool.end();
  }
});
