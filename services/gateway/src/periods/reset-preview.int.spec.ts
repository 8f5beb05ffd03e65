import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@subledger/testing';
import { decembersMain, decembersSub, periodEvent } from '../test-support/period-events.js';
import { TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway?.stop());

const sql = (text: string, ...values: unknown[]) => gateway.database.client.query(text, values);
const preview = async (main: string, query = '') =>
  gateway.call('GET', `/v1/main-accounts/${main}/reset-preview${query}`);

/** Sub-accounts with a limit of 100 each and nothing left, by the order of their creation; main has 250 in November. */
async function mainWith(subAccounts: number): Promise<string> {
  const main = await gateway.mainAccount('250');
  await sql(
    `INSERT INTO gateway.sub_account_state (main_account_id, sub_account_id, generation, sequence, at, lifecycle, paused, period,
         limit_points, boost, granted, used, overage, held, remaining, shortfall, priority, ordinal, opening)
       SELECT $1, 'sa_' || chr(96 + n), 0, n, now(), 'active', false, '2026-11', 100000, 0, 100000, 100000, 0, 0, 0, 0, 100, n, 100000
       FROM generate_series(1, $2::int) AS n`,
    main,
    subAccounts,
  );
  return main;
}
const change = (main: string, sub: string, set: string) =>
  sql(
    `UPDATE gateway.sub_account_state SET ${set} WHERE main_account_id = $1 AND sub_account_id = $2`,
    main,
    sub,
  );

describe('what the read model has, previewed', () => {
  test('sums, then lines in funding order', async () => {
    const main = await mainWith(4);
    await change(main, 'sa_d', 'priority = 1, next_limit = 120000');
    await change(main, 'sa_a', `lifecycle = 'inactive'`);
    await sql(
      `INSERT INTO gateway.sub_account (main_account_id, id, name, password_hash) VALUES ($1, 'sa_d', 'Delta', '')`,
      main,
    );
    const { status, body } = await preview(main);
    expect(status).toBe(200);
    const { items, ...sums } = body;
    expect(sums).toEqual({
      ...{
        period: '2026-12',
        at: '2026-11-30T15:00:00.000Z',
        fundingPolicy: 'full',
        timeZone: 'Asia/Tokyo',
        nextTimeZone: null,
        balance: '250',
        returned: '0',
      },
      ...{
        available: '250',
        needed: '320',
        granted: '220',
        shortfall: '100',
        balanceAfter: '30',
        availableAfter: '30',
      },
      ...{ funded: 2, partlyFunded: 0, unfunded: 1, nextCursor: null },
    });
    const line = { priority: 100, limit: '100', returned: '0', needed: '100' };
    expect(items).toEqual([
      {
        ...line,
        subAccountId: 'sa_d',
        subAccount: 'Delta',
        priority: 1,
        limit: '120',
        needed: '120',
        granted: '120',
        shortfall: '0',
        outcome: 'funded',
      },
      {
        ...line,
        subAccountId: 'sa_a',
        subAccount: 'sa_a',
        needed: '0',
        granted: '0',
        shortfall: '0',
        outcome: 'inactive',
      },
      {
        ...line,
        subAccountId: 'sa_b',
        subAccount: 'sa_b',
        granted: '100',
        shortfall: '0',
        outcome: 'funded',
      },
      {
        ...line,
        subAccountId: 'sa_c',
        subAccount: 'sa_c',
        granted: '0',
        shortfall: '100',
        outcome: 'unfunded',
      },
    ]);
  });

  test('in pages, by outcome, with unknown orders of creation last', async () => {
    const main = await mainWith(6);
    await change(main, 'sa_a', 'ordinal = NULL');
    await change(main, 'sa_b', 'ordinal = NULL');
    const ids = async (query: string) => {
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { body } = await preview(main, `?limit=1${query}${cursor && `&cursor=${cursor}`}`);
        expect(body).toMatchObject({ funded: 2, unfunded: 4 });
        seen.push(...body.items.map((line: { subAccountId: string }) => line.subAccountId));
        cursor = body.nextCursor;
      }
      return seen;
    };
    expect(await ids('')).toEqual(['sa_c', 'sa_d', 'sa_e', 'sa_f', 'sa_a', 'sa_b']);
    expect(await ids('&outcome=unfunded')).toEqual(['sa_e', 'sa_f', 'sa_a', 'sa_b']);
    const { body } = await preview(main, '?limit=1');
    // A place in the funding order, whatever the list is narrowed to: as with the filters of other lists.
    const [first] = body.items;
    const rest = (await preview(main, `?outcome=${first.outcome}&cursor=${body.nextCursor}`)).body.items;
    const all = (await preview(main, `?outcome=${first.outcome}`)).body.items;
    expect([first, ...rest]).toEqual(all);
    expect((await preview(main, '?outcome=rich')).status).toBe(422);
  });
});

describe('while the read model is between the events of one month start', () => {
  test.each([
    ['a sub-account is a period behind', `period = '2026-10'`],
    ['its points and the main account’s do not add up', 'remaining = 1'],
  ])('%s: soon again, and then the answer is there', async (_, set) => {
    const main = await mainWith(2);
    await change(main, 'sa_b', set);
    const refused = await preview(main);
    expect(refused).toMatchObject({ status: 409, body: { code: 'operation-in-progress' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    const waiting = preview(main);
    await change(main, 'sa_b', `period = '2026-11', remaining = 0`);
    expect((await waiting).status).toBe(200);
  });
});

test('order of creation and opening come with the events', async () => {
  const main = await gateway.mainAccount('1000');
  const subs = ['sa_late', 'sa_early'].map((id, index) => ({
    ...decembersSub(id),
    ordinal: 1 - index,
    opening: `${index}`,
  }));
  const events = subs.map((subAccount, index) =>
    periodEvent('sub-account.opened', { mainAccountId: main }, 100 + index, {
      subAccount,
      mainAccount: { ...decembersMain, balance: '50', allocated: '200' },
    }),
  );
  await gateway.ledger.publish(main, ...events);
  await eventually(async () => (await preview(main)).body.items?.length === 2);
  const { body } = await preview(main);
  expect(body.items.map((line: { subAccountId: string }) => line.subAccountId)).toEqual([
    'sa_early',
    'sa_late',
  ]);
  expect(body).toMatchObject({
    balance: '50',
    returned: '200',
    available: '250',
    period: '2027-01',
    funded: 2,
  });
  const { rows } = await sql(
    'SELECT ordinal, opening FROM gateway.sub_account_state WHERE main_account_id = $1 ORDER BY ordinal',
    main,
  );
  expect(rows.map(({ ordinal, opening }) => [ordinal, Number(opening)])).toEqual([
    [0, 1_000],
    [1, 0],
  ]);
});
