import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EVENTS, TOPICS } from '@subledger/contracts';
import { assertBooks } from '../testing/assert-books.js';
import { readTopic } from '../testing/calamities.js';
import { LedgerHarness, newSub } from '../testing/ledger-harness.js';
import { type Customer, openCustomer, sentMessage } from '../testing/scenes.js';

describe('snapshots', () => {
  const harness = new LedgerHarness();
  beforeAll(async () => {
    await harness.open();
    await harness.startLedger();
  });
  afterEach(() => assertBooks(harness.db));
  afterAll(() => harness.close());

  const charged = (messageId: string) =>
    harness.events.until((values) =>
      values.some(({ data }) => data.messageId === messageId && data.fromMain !== undefined),
    );
  /** Orders the books, and waits for all parts. */
  async function requestSnapshot(mainAccountId: string, history = true) {
    const id = await harness.command('snapshot.request', { mainAccountId, history });
    const isPart = ({ type, data }: Event) => type === STATED && data.cause.id === id;
    const values = await harness.events.until((all) =>
      all.some((value) => isPart(value) && value.data.isLast),
    );
    return { id, order: await harness.outcome(id), parts: values.filter(isPart) };
  }

  async function busyCustomer(): Promise<Customer> {
    const customer = await openCustomer(harness, { points: '5000', limit: '100' });
    const { mainAccountId } = customer;
    await harness.message('message.sent', sentMessage(customer, '130', 'm-over'), 'm-over');
    const other = newSub();
    await harness.command('sub-account.open', { mainAccountId, subAccountId: other, limit: '50' });
    await harness.command('period.roll', { mainAccountId, ...NEXT });
    await harness.command('sub-account.delete', { mainAccountId, subAccountId: other });
    await charged('m-over');
    return customer;
  }

  it('come as the tables have them: states, every transfer, every closed statement', async () => {
    const { mainAccountId } = await busyCustomer();
    const { order, parts } = await requestSnapshot(mainAccountId);
    expect(order.type).toBe('subledger.snapshot.requested.v1');
    expect(parts).toHaveLength(1);
    const [{ data }] = parts;
    expect(EVENTS.get(STATED)?.schema.safeParse(parts[0]).error).toBeUndefined();
    expect(data).toMatchObject({
      generation: order.data.generation,
      sequence: order.data.sequence,
      part: 1,
      isLast: true,
      transfers: [],
      mainAccount: order.data.mainAccount,
    });
    const events = harness.events.values.filter((value) => value.data.mainAccountId === mainAccountId);
    // Each sub-account as the last event about it had it, but for what main's own changes do to its status.
    const last = new Map(
      events
        .filter((value) => value.data.subAccount)
        .map((value) => [value.data.subAccount.subAccountId, value.data.subAccount]),
    );
    const byId = (a: { subAccountId: string }, b: { subAccountId: string }) =>
      a.subAccountId < b.subAccountId ? -1 : 1;
    expect([...data.subAccounts].sort(byId)).toEqual([...last.values()].sort(byId));
    const moves = events.flatMap((value) =>
      value.data.transfers.map((move: object) => ({ ...move, at: value.data.at })),
    );
    expect(moves.length).toBeGreaterThan(6);
    expect(data.lines).toEqual(moves.sort((a, b) => a.sequence - b.sequence));
    expect(data.transferCount).toBe(moves.length);
    const closed = events
      .filter((value) => value.data.closed)
      .map((value) => ({
        ...value.data.closed,
        subAccountId: value.data.subAccount.subAccountId,
        lateUsed: '0',
        lateRefunded: '0',
        lateReturned: '0',
        at: value.data.at,
      }));
    expect(closed).toHaveLength(3);
    const key = (one: { subAccountId: string; period: string }) => `${one.subAccountId} ${one.period}`;
    expect([...data.statements].sort((a, b) => (key(a) < key(b) ? -1 : 1))).toEqual(
      closed.sort((a, b) => (key(a) < key(b) ? -1 : 1)),
    );
  });

  it('come without transfers and statements if these are not requested', async () => {
    const { mainAccountId } = await busyCustomer();
    const { parts } = await requestSnapshot(mainAccountId, false);
    expect(parts).toHaveLength(1);
    expect(parts[0].data).toMatchObject({ lines: [], statements: [] });
    expect(parts[0].data.subAccounts).toHaveLength(2);
  });

  it('come during traffic after the last event that they contain', async () => {
    const customer = await openCustomer(harness, { points: '100000', limit: '10000' });
    const { mainAccountId } = customer;
    const SUBS = 1_203;
    for (let from = 0; from < SUBS; from += 200)
      await Promise.all(
        Array.from({ length: Math.min(200, SUBS - from) }, () =>
          harness.command('sub-account.open', { mainAccountId, subAccountId: newSub(), limit: '3' }),
        ),
      );
    let isOver = false;
    let last = '';
    const traffic = (async () => {
      for (let i = 0; !isOver; i += 1) {
        last = `busy-${i}`;
        await harness.message('message.sent', sentMessage(customer, '1', last), last);
      }
    })();
    const { id, parts } = await requestSnapshot(mainAccountId);
    isOver = true;
    await traffic;
    await charged(last);

    expect(parts.map(({ data }) => data.part)).toEqual(parts.map((_, index) => index + 1));
    expect(parts.filter(({ data }) => data.isLast)).toEqual([parts.at(-1)]);
    const ids = parts.flatMap(({ data }) =>
      data.subAccounts.map((sub: { subAccountId: string }) => sub.subAccountId),
    );
    expect([ids.length, new Set(ids).size]).toEqual([SUBS + 1, SUBS + 1]);
    const lines = parts.flatMap(({ data }) => data.lines.map((line: { sequence: number }) => line.sequence));
    expect(lines).toEqual(lines.map((_, index) => index + 1));
    expect(lines.length).toBeGreaterThanOrEqual(SUBS + 2);

    let sequence = 0;
    const seen: number[] = [];
    for (const { key, value } of await readTopic(harness.kafka, TOPICS.events)) {
      if (key !== mainAccountId) continue;
      const { type, data } = JSON.parse(String(value));
      if (type !== STATED) {
        expect(data.sequence).toBe(sequence + 1);
        sequence = data.sequence;
      } else {
        expect([data.cause.id, data.sequence]).toEqual([id, sequence]);
        seen.push(data.sequence);
      }
    }
    // Messages were charged between the parts: else this proves nothing.
    expect(new Set(seen).size).toBeGreaterThan(1);
  });

  it('are refused without books, and published once for a repeated command', async () => {
    const unknown = await harness.command('snapshot.request', { mainAccountId: 'ma_nobody' });
    expect((await harness.outcome(unknown)).data.code).toBe('main-account-not-found');
    const customer = await openCustomer(harness);
    const { mainAccountId } = customer;
    const { id } = await requestSnapshot(mainAccountId);
    await harness.command('snapshot.request', { mainAccountId, history: true }, id);
    await harness.message('message.sent', sentMessage(customer, '1', 'behind'), 'behind');
    await charged('behind');
    const { parts } = await requestSnapshot(mainAccountId);
    expect(parts).toHaveLength(1);
    const own = harness.events.values.filter(({ data }) => data.cause.id === id);
    expect(own.map(({ type }) => type)).toEqual([ORDERED, STATED, ORDERED]);
  });
});

const STATED = 'subledger.snapshot.published.v1';
const ORDERED = 'subledger.snapshot.requested.v1';
const NEXT = nextMonth();

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever is there
type Event = any;

/** The month after this one in Tokyo, and its begin. */
function nextMonth(): { period: string; dueAt: string } {
  const tokyo = new Date(Date.now() + 9 * 3_600_000);
  const begin = new Date(Date.UTC(tokyo.getUTCFullYear(), tokyo.getUTCMonth() + 1, 1));
  return {
    period: begin.toISOString().slice(0, 7),
    dueAt: new Date(begin.getTime() - 9 * 3_600_000).toISOString(),
  };
}
