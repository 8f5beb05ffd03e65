import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { eventually, TopicReader } from '@subledger/testing';
import { TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
let main: string;
beforeAll(async () => {
  gateway = await TestGateway.start();
  main = await gateway.mainAccount('1000');
});
afterAll(() => gateway?.stop());

interface Event {
  type: string;
  data: { sequence: number; generation: number; transfers: object[]; mainAccount: { balance: string } };
}
const lastEvent = (): Event => {
  const purchase = gateway.ledger.seen.findLast(({ name }) => name === 'points.purchase');
  return JSON.parse(gateway.ledger.answerTo(main, purchase?.id ?? '') ?? '') as Event;
};
const variant = (change: (event: Event) => void): string => {
  const event = lastEvent();
  change(event);
  return JSON.stringify(event);
};
const balance = async () => (await gateway.call('GET', `/v1/main-accounts/${main}`)).body.balance;
/** Repeats and older events are those of `late-events.int.spec.ts`. */
describe('events that do not come as they should', () => {
  test('of a later generation: they win, though their sequence is lower', async () => {
    const restored = variant((event) => {
      event.data.generation = 1;
      event.data.sequence = 1;
      event.data.transfers = [];
      event.data.mainAccount.balance = '777';
    });
    await gateway.ledger.publish(main, restored);
    await eventually(async () => (await balance()) === '777');
    await gateway.ledger.publish(main, lastGeneration(0, '1'), lastGeneration(1, '778'));
    await eventually(async () => (await balance()) === '778');
  });

  const lastGeneration = (generation: number, text: string) =>
    variant((event) => {
      event.data.generation = generation;
      event.data.sequence = 5_000;
      event.data.transfers = [];
      event.data.mainAccount.balance = text;
    });

  test('unreadable, of another key, or impossible: dead-lettered, and the rest is applied', async () => {
    const deadLetters = await TopicReader.open(gateway.kafka, TOPICS.deadLetters);
    try {
      const huge = variant((event) => {
        event.data.generation = 4;
        event.data.mainAccount.balance = '9999999999999999';
        event.data.sequence = Number.MAX_SAFE_INTEGER;
        Object.assign(event.data.mainAccount, { activeSubAccounts: 2 ** 40 });
      });
      const wrongKey = variant((event) => {
        Object.assign(event.data, { mainAccountId: 'ma_other' });
      });
      const unknown = variant((event) => {
        event.type = 'subledger.something.new.v1';
      });
      const good = variant((event) => {
        event.data.generation = 3;
        event.data.transfers = [];
        event.data.mainAccount.balance = '888';
      });
      const broken = variant((event) => {
        event.data.mainAccount.balance = '1e5';
      });
      await gateway.ledger.publish(main, '{', '{}', broken, wrongKey, unknown, huge, good);
      await eventually(async () => (await balance()) === '888');
      await eventually(() => deadLetters.records.length >= 5, { what: 'dead letters' });
      const reasons = deadLetters.records.map((record) => record.headers['dead-letter-reason']);
      expect(reasons.sort()).toEqual([
        'invalid-data',
        'invalid-envelope',
        'malformed-json',
        'unprocessable',
        'wrong-key',
      ]);
    } finally {
      await deadLetters.close();
    }
  });
});

describe('statements and lists', () => {
  test('lines come in pages, newest first or oldest first, with the balance of the account that is read', async () => {
    const own = await gateway.mainAccount('100');
    for (const points of ['1', '2', '3.5']) {
      await gateway.call('POST', `/v1/main-accounts/${own}/purchases`, {
        body: { points, reference: `R${points}` },
      });
    }
    const sub = await gateway.subAccount(own, 'Lines', '40');
    const path = `/v1/main-accounts/${own}/transfers`;
    const first = await gateway.call('GET', `${path}?limit=2`);
    expect(first.body.items.map((item: { balanceAfter: string }) => item.balanceAfter)).toEqual([
      '66.5',
      '106.5',
    ]);
    const second = await gateway.call('GET', `${path}?limit=10&cursor=${first.body.nextCursor}`);
    expect(second.body.items.map((item: { balanceAfter: string }) => item.balanceAfter)).toEqual([
      '103',
      '101',
      '100',
    ]);
    expect(second.body.nextCursor).toBeNull();
    const oldest = await gateway.call('GET', `${path}?order=asc&limit=1`);
    expect(oldest.body.items[0]).toMatchObject({
      sequence: 1,
      kind: 'purchase',
      from: 'purchased',
      to: 'main',
      points: '100',
    });
    expect((await gateway.call('GET', `${path}?order=asc&cursor=${first.body.nextCursor}`)).status).toBe(422);
    const ofSub = await gateway.call('GET', `/v1/main-accounts/${own}/sub-accounts/${sub}/transfers`);
    expect(ofSub.body.items).toEqual([
      expect.objectContaining({ kind: 'limit-grant', balanceAfter: '40', subAccountId: sub }),
    ]);
    const purchases = await gateway.call('GET', `/v1/main-accounts/${own}/purchases`);
    expect(purchases.body.items.map((item: { reference: string }) => item.reference)).toEqual([
      'R3.5',
      'R2',
      'R1',
      '',
    ]);
  });

  test('sub-accounts are filtered, sorted and paged; suspension shows on all of them', async () => {
    const own = await gateway.mainAccount('1000');
    const path = `/v1/main-accounts/${own}/sub-accounts`;
    const names = ['delta', 'Alpha', 'charlie', 'Bravo'];
    for (const [index, name] of names.entries())
      await gateway.subAccount(own, name, String(10 * (index + 1)));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await gateway.call('GET', `${path}?sort=name&limit=3${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map((item: { name: string }) => item.name));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(['Alpha', 'Bravo', 'charlie', 'delta']);
    const byLimit = await gateway.call('GET', `${path}?sort=-remaining&q=A`);
    expect(byLimit.body.items.map((item: { remaining: string }) => item.remaining)).toEqual([
      '40',
      '30',
      '20',
      '10',
    ]);
    const [{ id }] = (await gateway.call('GET', `${path}?q=alpha`)).body.items;
    await gateway.call('POST', `${path}/${id}/deactivate`);
    await gateway.call('POST', `/v1/main-accounts/${own}/suspend`);
    const counts = async (status: string) =>
      (await gateway.call('GET', `${path}?status=${status}`)).body.items.length;
    expect([await counts('suspended'), await counts('inactive'), await counts('active')]).toEqual([3, 1, 0]);
    // The scripted ledger is one from before reasons were told: then it was an operator.
    const { body: main } = await gateway.call('GET', `/v1/main-accounts/${own}`);
    expect(main.suspensions).toEqual(['operator']);
    await gateway.call('POST', `/v1/main-accounts/${own}/resume`);
    expect(await counts('active')).toBe(3);
  });

  test('activation: requested, listed, declined, requested again, approved', async () => {
    const { body } = await gateway.call('POST', '/v1/main-accounts', {
      body: { name: 'Asks', plan: 'prepay' },
    });
    const path = `/v1/main-accounts/${body.id}`;
    const key = await gateway.apiKey(body.id, ['write']);
    const ask = () => gateway.call('POST', `${path}/activation-request`, { key });
    expect((await ask()).body.feature).toBe('requested');
    const listed = await gateway.call('GET', '/v1/activation-requests');
    expect(listed.body.items).toEqual([expect.objectContaining({ mainAccountId: body.id, name: 'Asks' })]);
    const decide = (decision: string) => gateway.call('POST', `${path}/activation`, { body: { decision } });
    expect((await decide('decline')).body.feature).toBe('inactive');
    await ask();
    expect((await decide('approve')).body.feature).toBe('active');
    expect((await gateway.call('GET', '/v1/activation-requests')).body.items).toEqual([]);
    expect((await gateway.call('DELETE', `${path}/activation`)).body.feature).toBe('inactive');
    const check = await gateway.call('GET', `${path}/plan/check`, { key });
    expect(check.body).toMatchObject({ current: 'prepay', plan: 'postpay', allowed: true, blockers: [] });
  });
});
