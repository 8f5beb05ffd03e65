import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@subledger/testing';
import {
  decembersMain,
  decembersSub,
  type EventsOf,
  novembersClosing,
  periodEvent,
} from '../test-support/period-events.js';
import { TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway?.stop());

const statement = async (main: string, period = '2026-11') =>
  (await gateway.call('GET', `/v1/main-accounts/${main}/periods/${period}`)).body;

/** Reads events, and waits until an event after them shows; sequences of suites begin at 100. */
let marker = 10_000;
async function read(of: EventsOf, ...events: string[]): Promise<void> {
  marker += 1;
  const balance = `${marker}.5`;
  const mark = periodEvent('main-account.resumed', { ...of, generation: 99 }, marker, {
    mainAccount: { ...decembersMain, balance },
  });
  await gateway.ledger.publish(of.mainAccountId, ...events, mark);
  await eventually(
    async () => (await gateway.call('GET', `/v1/main-accounts/${of.mainAccountId}`)).body.balance === balance,
    { what: 'the marker' },
  );
}

describe('a month start and what comes after it, from events', () => {
  let main: string;
  let sub: string;
  let rolled: string;
  let summary: string;
  const late = (sequence: number, name: 'charged' | 'credited' | 'released', data: object) => {
    const known = { messageId: `m${sequence}`, period: '2026-11', subAccount: decembersSub(sub), late: true };
    return periodEvent(
      name === 'released' ? 'hold.released' : `message.${name}`,
      { mainAccountId: main },
      sequence,
      { ...known, ...data },
    );
  };
  const charged = (sequence: number, points: string, transfers: object[] = []) =>
    late(sequence, 'charged', { points, fromHold: '0', fromSub: '0', fromMain: points, transfers });
  const move = (sequence: number, from: string, to: string, points: string) => ({
    ...{ sequence, kind: 'hold-release', from, to, points, fromBalance: '0', toBalance: '0' },
    ...{ subAccountId: sub, messageId: 'm', period: '2026-11', reference: 'm' },
  });

  beforeAll(async () => {
    main = await gateway.mainAccount('1000');
    sub = await gateway.subAccount(main, 'Sales1');
    const of = { mainAccountId: main };
    rolled = periodEvent('sub-account.rolled', of, 100, {
      subAccount: decembersSub(sub),
      closed: novembersClosing,
    });
    summary = periodEvent('period.rolled', of, 101, {
      ...{ from: '2026-11', to: '2026-12', returned: '25.5', granted: '100', funded: 1, unfunded: 0 },
    });
  });

  test('between the closings and the summary the period is still open', async () => {
    await read({ mainAccountId: main }, rolled);
    expect(await statement(main)).toMatchObject({ closed: false, closingBalance: null });
    await read({ mainAccountId: main }, summary);
    expect(await statement(main)).toMatchObject({ closed: true, openingBalance: '0', closingBalance: '800' });
    const line = {
      ...{ subAccountId: sub, subAccount: 'Sales1', closedAt: '2026-11-30T15:00:00.000Z', opening: '100' },
      ...{
        limit: '100',
        boost: '20',
        granted: '120',
        used: '90.5',
        overage: '0',
        held: '4',
        returned: '25.5',
      },
      ...{ remaining: '0', lateUsed: '0', lateRefunded: '0', lateReturned: '0' },
    };
    expect((await statement(main)).items).toEqual([line]);
    expect(await statement(main, '2026-12')).toMatchObject({
      ...{ closed: false, openingBalance: '800', closingBalance: null },
      items: [{ subAccountId: sub, opening: '100', remaining: '100', returned: '0', closedAt: null }],
    });
  });

  test('late facts are listed separately, and count once, however often they come', async () => {
    const events = [
      charged(110, '3.5'),
      charged(111, '2', [
        move(1, 'hold', 'used', '2'),
        move(2, 'hold', 'main', '1.5'),
        move(3, 'main', 'sub', '1'),
      ]),
      late(112, 'credited', { points: '1.25', refundId: 'r', requested: '2' }),
      late(113, 'released', { points: '0.5', reason: 'expired' }),
      // Not late, so it is in the counters.
      late(114, 'credited', { points: '7', refundId: 's', requested: '7', late: false }),
    ];
    await read({ mainAccountId: main }, ...events);
    await read({ mainAccountId: main }, ...events, rolled, events[0] as string, summary);
    expect((await statement(main)).items).toEqual([
      expect.objectContaining({ used: '90.5', lateUsed: '5.5', lateRefunded: '1.25', lateReturned: '2' }),
    ]);
    expect((await statement(main)).totals).toMatchObject({ subAccounts: 1, used: '90.5', lateUsed: '5.5' });
  });

  test('an older closing changes nothing, one of a restored ledger wins', async () => {
    const again = (generation: number, sequence: number, used: string) =>
      periodEvent('sub-account.rolled', { mainAccountId: main, generation }, sequence, {
        subAccount: decembersSub(sub),
        closed: { ...novembersClosing, used },
      });
    await read({ mainAccountId: main }, again(0, 99, '1'));
    expect((await statement(main)).items[0].used).toBe('90.5');
    await read({ mainAccountId: main }, again(1, 50, '2'));
    expect((await statement(main)).items[0].used).toBe('2');
  });

  test('a late message of a period before the sub-account is a line of late figures alone', async () => {
    await read(
      { mainAccountId: main },
      late(120, 'charged', { period: '2026-09', points: '4', fromHold: '0', fromSub: '0', fromMain: '4' }),
    );
    expect(await statement(main, '2026-09')).toMatchObject({
      ...{ closed: true, openingBalance: null, closingBalance: null },
      items: [{ opening: '0', limit: '0', used: '0', lateUsed: '4', closedAt: null }],
    });
    const list = (await gateway.call('GET', `/v1/main-accounts/${main}/periods`)).body;
    expect(list).toEqual({
      items: [
        { period: '2026-12', closed: false, openingBalance: '800', closingBalance: null },
        { period: '2026-11', closed: true, openingBalance: '0', closingBalance: '800' },
        { period: '2026-09', closed: true, openingBalance: null, closingBalance: null },
      ],
      nextCursor: null,
    });
    const first = (await gateway.call('GET', `/v1/main-accounts/${main}/periods?limit=2`)).body;
    const second = (
      await gateway.call('GET', `/v1/main-accounts/${main}/periods?limit=2&cursor=${first.nextCursor}`)
    ).body;
    expect([...first.items, ...second.items]).toEqual(list.items);
    expect(second.nextCursor).toBeNull();
  });

  test('a deletion closes the line of the open period', async () => {
    const of = { mainAccountId: main };
    const gone = {
      ...decembersSub(sub),
      lifecycle: 'deleted',
      remaining: '0',
      granted: '40',
      used: '40',
      status: 'deleted',
    };
    await read(
      of,
      periodEvent('sub-account.deleted', { ...of, generation: 2 }, 1, {
        subAccount: gone,
        returned: '60',
        closed: {
          ...novembersClosing,
          period: '2026-12',
          granted: '100',
          used: '40',
          held: '0',
          returned: '60',
          boost: '0',
        },
      }),
    );
    expect(await statement(main, '2026-12')).toMatchObject({
      closed: false,
      items: [
        { subAccount: 'Sales1', used: '40', returned: '60', remaining: '0', closedAt: expect.any(String) },
      ],
    });
  });
});

test('a missing period, or that of another main account, is not found', async () => {
  const main = await gateway.mainAccount();
  const other = await gateway.mainAccount();
  const key = await gateway.apiKey(other, ['read']);
  for (const path of [
    'periods/2026-10',
    'periods/2026-10.csv',
    'periods/2026-13',
    'periods/2026-11.pdf',
    'periods/x.csv',
  ])
    expect([path, (await gateway.call('GET', `/v1/main-accounts/${main}/${path}`)).status]).toEqual([
      path,
      404,
    ]);
  for (const path of ['periods', 'periods/2026-11', 'periods/2026-11.csv', 'reset-preview'])
    expect([path, (await gateway.call('GET', `/v1/main-accounts/${main}/${path}`, { key })).status]).toEqual([
      path,
      404,
    ]);
  const head = async (month: string) =>
    (await gateway.call('HEAD', `/v1/main-accounts/${main}/periods/${month}.csv`)).status;
  expect([await head('2026-10'), await head('2026-11')]).toEqual([404, 200]);
  const own = await gateway.call('GET', `/v1/main-accounts/${other}/periods/2026-11`, { key });
  expect(own).toMatchObject({
    status: 200,
    body: { closed: false, items: [], totals: { subAccounts: 0, opening: '0' } },
  });
  expect((await gateway.call('DELETE', `/v1/main-accounts/${main}/periods/2026-11.csv`)).status).toBe(405);
});
