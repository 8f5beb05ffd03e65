import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ROUTE_IDS, ROUTES, type RouteDefinition, type RouteId } from '@subledger/contracts';
import { OPERATOR_KEY, PASSWORD, TestGateway, type TestSession } from '../test-support/test-gateway.js';
import { encodeCursor } from './cursor.js';

let gateway: TestGateway;
let main: string;
/** Has no sub-accounts. */
let empty: string;
let sub: string;
let webhook: string;
let session: TestSession;
beforeAll(async () => {
  gateway = await TestGateway.start();
  main = await gateway.mainAccount();
  empty = await gateway.mainAccount();
  sub = await gateway.subAccount(main, 'Lists');
  const { body } = await gateway.call('POST', `/v1/main-accounts/${main}/webhooks`, {
    body: { url: 'https://receiver.invalid/', events: ['period.rolled'] },
  });
  webhook = body.id;
  await gateway.database.client.query(
    `INSERT INTO gateway.period_statement (main_account_id, period, sub_account_id, generation, sequence, closed_at, opening,
       limit_points, boost, granted, used, overage, held, returned)
     VALUES ($1, $3, $2, 0, 1, '2026-10-31T15:00:00Z', 0, 0, 0, 0, 0, 0, 0, 0)`,
    [main, sub, PERIOD],
  );
  session = await gateway.logIn({
    mainAccount: await gateway.loginKey(main),
    subAccount: 'Lists',
    password: PASSWORD,
  });
});
afterAll(() => gateway?.stop());

const PERIOD = '2026-10';
interface List {
  /** Its name in its cursors. */
  readonly name: string;
  /** Keys of a cursor as it gives them. */
  readonly keys: readonly string[];
  readonly query?: string;
  /** Whose it is; default: the main account with everything in it. */
  readonly of?: string;
}
const byText: Omit<List, 'name'> = { keys: ['x'] };
const byInstant: Omit<List, 'name'> = { keys: [String(Date.UTC(2026, 10, 1)), 'x'] };
const transfers = (name: string): List[] => [
  { name: `${name}:desc`, keys: ['5'] },
  { name: `${name}:asc`, keys: ['5'], query: 'order=asc' },
];
/** Every list that has pages, in its orders; a route that is not here fails below. */
const LISTS: Partial<Record<RouteId, () => readonly List[]>> = {
  listMainAccounts: () => [{ name: 'main-accounts', ...byText }],
  listActivationRequests: () => [{ name: 'activation-requests', ...byInstant }],
  listPurchases: () => transfers('transfers:purchase'),
  listTransfers: () => transfers('transfers:main'),
  listSubAccountTransfers: () => transfers('transfers:sub'),
  listSubAccounts: () =>
    (['createdAt', '-name', 'limit', 'used', '-remaining', 'priority', '-priority'] as const).map((sort) => ({
      name: `sub-accounts:${sort}`,
      keys: ['5', 'x'],
      query: `sort=${sort}`,
    })),
  listApiKeys: () => [{ name: 'api-keys', ...byText }],
  listMessages: () => [{ name: 'messages', ...byInstant }],
  listOwnMessages: () => [{ name: 'messages', ...byInstant }],
  getUsage: () => [
    { name: 'usage:2026-10', keys: ['5', 'x'], query: 'period=2026-10&by=sub-account' },
    { name: 'usage:0001-01', keys: ['5', 'x'], query: 'period=0001-01&by=sub-account' },
    { name: 'usage:9999-12', keys: ['5', 'x'], query: 'period=9999-12&by=sub-account' },
  ],
  listPeriods: () => [{ name: 'periods', ...byText }],
  getPeriodStatement: () => [{ name: `statement:${PERIOD}`, ...byText }],
  previewReset: () => [{ name: 'reset-preview', keys: ['5', '5', 'x'], of: empty }],
  listWebhooks: () => [{ name: 'webhooks', ...byText }],
  listWebhookDeliveries: () => [{ name: `webhook-deliveries:${webhook}`, ...byText }],
  listAuditLog: () => [{ name: 'audit-log', ...byInstant }],
  listAllAuditLog: () => [{ name: 'audit-log', ...byInstant }],
};

/** Around what int4, int8, JavaScript's dates and the database's instants hold, and what is no number. */
const FORGED = [
  ...[31n, 32n, 53n, 63n, 64n].flatMap((bits) => [2n ** bits, 2n ** bits - 1n, -(2n ** bits)]),
  ...[8_640_000_000_000_000n, 8_640_000_000_000_001n, -62_135_596_800_001n, -210_866_803_200_001n],
  ...[10n ** 18n, 10n ** 19n - 1n, 10n ** 40n],
].map(String);
const FORGED_TEXTS = ['', '-', '1.5', '1e9', 'NaN', 'Infinity', '\ud800', "'; --", '٣'];

const isPaged = (id: RouteId) => (ROUTES[id] as RouteDefinition).query?.shape.cursor !== undefined;

async function statusOf(id: RouteId, { name, keys, query = '', of = main }: List): Promise<number> {
  const path = ROUTES[id].path
    .replace('{id}', of)
    .replace('{sub}', sub)
    .replace('{webhook}', webhook)
    .replace('{period}', PERIOD);
  const cursor = encodeCursor({ list: name, keys });
  const isOwn = path.startsWith('/v1/me/');
  const options = isOwn ? { session } : { key: OPERATOR_KEY };
  return (await gateway.call('GET', `${path}?${query}&cursor=${cursor}`, options)).status;
}

test('there is a row for each list that has pages', () => {
  expect(Object.keys(LISTS).sort()).toEqual(ROUTE_IDS.filter(isPaged).sort());
});

describe('a forged cursor is refused, or a place in the order like another', () => {
  test.each(Object.keys(LISTS) as RouteId[])('%s', async (id) => {
    for (const list of LISTS[id]?.() ?? []) {
      // Its name and keys are right, or nothing below would be asked of the list at all.
      expect([list, await statusOf(id, list)]).toEqual([list, 200]);
      const forged = list.keys.flatMap((_key, index) =>
        [...FORGED, ...FORGED_TEXTS].map((key) => ({ ...list, keys: list.keys.with(index, key) })),
      );
      const others = [];
      // One after the other: more than a few at once are refused as such.
      for (const one of forged) {
        const status = await statusOf(id, one);
        if (status !== 200 && status !== 422) others.push([status, one]);
      }
      expect(others).toEqual([]);
    }
  });
});

test('a forged number in a path is that of no line', async () => {
  const paths = [...FORGED, ...FORGED_TEXTS].map((text) => encodeURIComponent(text.toWellFormed()));
  const asked = paths.map((text) => gateway.call('GET', `/v1/main-accounts/${main}/transfers/${text}`));
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  // Of an empty one it is the path of the list.
  expect(new Set(statuses)).toEqual(new Set([404]));
});

test.each(['0000-01', '0000-12'])('the month %s is in no calendar of the database', async (period) => {
  for (const by of ['day', 'sub-account']) {
    const usage = await gateway.call('GET', `/v1/main-accounts/${main}/usage?period=${period}&by=${by}`);
    expect([usage.status, usage.body.code]).toEqual([422, 'validation-failed']);
  }
  expect((await gateway.call('GET', `/v1/main-accounts/${main}/periods/${period}`)).status).toBe(404);
  expect((await gateway.call('GET', `/v1/main-accounts/${main}/periods/${period}.csv`)).status).toBe(404);
});

describe('a stream that is resumed with a forged id starts over', () => {
  const numbers = [31n, 63n].map((bits) => String(2n ** bits));
  const ids = numbers.flatMap((one) => [
    `${one}.1.1.1.0`,
    `1.${one}.1.1.0`,
    `1.1.${one}.1.0`,
    `1.1.1_${one}.1.0`,
    `1.1.1.${one}.0`,
  ]);
  test.each([...ids, '-1.-1.-1.-1.0', 'NaN.1.1.1.0'])('%s', async (id) => {
    const abort = new AbortController();
    const response = await fetch(`${gateway.running.url}/v1/main-accounts/${main}/stream`, {
      headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'last-event-id': id },
      signal: abort.signal,
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    while (!text.includes('event:')) text += Buffer.from((await reader.read()).value ?? []).toString();
    expect(text).toContain('unknown-position');
    abort.abort();
  });
});
