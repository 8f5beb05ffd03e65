import { describe, expect, it } from '@jest/globals';
import { EVENT_NAMES, EVENTS, limitRecord as limitSchema } from '@subledger/contracts';
import {
  Books,
  type Changes,
  type Command,
  decide,
  type Input,
  millipoints,
  wholePoints,
} from '@subledger/core';
import { EventWriter } from './event-json.js';
import { limitRecord } from './limit-record.js';
import { snapshotParts } from './snapshot-parts.js';

const at = Date.parse('2026-11-23T09:00:00Z');
const mainAccountId = 'ma_1';
const subAccountId = 'sa_1';
const policy = { maxSubAccounts: 10, maxMessagePoints: wholePoints(1_000_000), allowEarlyRoll: true };
const command = (name: Command['name'], data: object = {}) =>
  ({ kind: 'command', name, mainAccountId, at, data: { subAccountId, ...data } }) as unknown as Input;
const sent = (messageId: string, points: number): Input => ({
  kind: 'message.sent',
  mainAccountId,
  at,
  messageId,
  subAccountId,
  sentAt: at,
  points: wholePoints(points),
});

/** A life in which every event happens once at least. */
const LIFE: Input[] = [
  command('points.purchase', { points: wholePoints(1), reference: '' }),
  command('main-account.open', {
    plan: 'prepay',
    timeZone: 'Asia/Tokyo',
    creditLimit: null,
    fundingPolicy: 'full',
  }),
  command('main-account.configure', { creditLimit: millipoints(5_500n), timeZone: 'Europe/Zurich' }),
  command('main-account.suspend'),
  command('main-account.resume'),
  command('feature.activate'),
  command('feature.deactivate'),
  command('feature.activate'),
  command('points.purchase', { points: millipoints(500_001n), reference: 'order "7" \\ \n 注文' }),
  command('points.adjust', { points: wholePoints(-1), reason: 'ticket' }),
  command('plan.switch', { plan: 'postpay' }),
  command('sub-account.open', { limit: wholePoints(100), priority: 3 }),
  command('sub-account.configure', { priority: 4 }),
  command('limit.change', { limit: wholePoints(90), effective: 'immediately' }),
  command('limit.change', { limit: wholePoints(80), effective: 'next-period' }),
  command('limit.boost', { points: wholePoints(5) }),
  command('sub-account.pause'),
  command('sub-account.resume'),
  command('hold.place', { messageId: 'h"1\\', points: wholePoints(10), expiresInSeconds: 60 }),
  command('hold.release', { messageId: 'h"1\\', reason: 'expired' }),
  command('hold.release', { messageId: 'barred', reason: 'released' }),
  command('hold.place', { messageId: 'h2', points: wholePoints(1_000_000), expiresInSeconds: 60 }),
  sent('m1', 50),
  sent('m2', 600),
  { kind: 'message.refunded', mainAccountId, at, refundId: 'r1', messageId: 'm1', points: wholePoints(20) },
  command('plan.switch', { plan: 'prepay' }),
  command('sub-account.deactivate'),
  command('sub-account.reactivate'),
  command('points.purchase', { points: wholePoints(1_000), reference: '' }),
  command('period.roll', { period: '2026-12' }),
  command('period.roll', { period: '2026-12' }),
  command('sub-account.reactivate'),
  command('limit.change', { limit: wholePoints(5_000), effective: 'immediately' }),
  command('limit.change', { limit: wholePoints(5_000), effective: 'next-period' }),
  command('period.roll', { period: '2027-01' }),
  command('snapshot.request', { history: true }),
  command('points.purchase', { points: wholePoints(10_000), reference: '' }),
  command('main-account.configure', { suspendBelow: wholePoints(1_000_000) }),
  command('main-account.configure', { suspendBelow: null }),
  command('sub-account.deactivate'),
  command('sub-account.delete'),
];

const cause = { kind: 'command', id: 'c"1\\', type: 'subledger.any.v1' } as const;

/** All books in one part, with what the decisions so far had in transfers and statements. */
function stated(books: Books, decisions: readonly Changes[]): object {
  if (!books.main) throw new Error('no books');
  const late = {
    lateUsed: millipoints(1n),
    lateRefunded: millipoints(2n),
    lateReturned: millipoints(3n),
    at,
  };
  const record = snapshotParts({
    main: books.main,
    generation: 1,
    cause,
    order: 1,
    at,
    part: 1,
    isLast: true,
    subAccounts: [...books.subAccounts.values()],
    lines: decisions.flatMap(({ transfers }) => transfers).map((transfer) => ({ ...transfer, at })),
    statements: decisions.flatMap(({ statements }) => statements).map((one) => ({ ...one, ...late })),
  });
  return JSON.parse(String(record.value)) as object;
}

describe('events on the wire', () => {
  const books = new Books();
  const changes: Changes[] = [];
  const events = LIFE.flatMap((input) => {
    const decision = decide(books, input, policy);
    if (decision.kind !== 'decided') throw new Error(`not decided: ${JSON.stringify(decision)}`);
    books.apply(decision.changes);
    changes.push(decision.changes);
    const writer = new EventWriter(mainAccountId, decision.changes.main, 1, cause, at);
    return decision.events.map((event) => {
      if (decision.changes.main === null)
        return JSON.parse(writer.writeWithoutBooks('lane-0.1', event.detail));
      const sub = event.subAccountId === null ? null : (books.subAccounts.get(event.subAccountId) ?? null);
      return JSON.parse(writer.write(event, sub));
    });
  });
  const parts = [stated(books, changes)] as typeof events;

  it('are of every kind in this test', () => {
    const seen = new Set([...events, ...parts].map((event) => EVENTS.get(event.type)?.name));
    expect(EVENT_NAMES.filter((name) => !seen.has(name))).toEqual([]);
  });

  it.each([...events, ...parts].map((event, index) => [index, event.type, event]))(
    '%i %s fits its contract',
    (_index, type, event) => {
      const contract = EVENTS.get(type);
      expect(contract?.schema.safeParse(event).error?.issues).toBeUndefined();
      expect(event.data.cause.id).toBe('c"1\\');
    },
  );

  it('number 1, 2, 3 … and carry amounts as decimal text', () => {
    const numbers = events.map((event) => event.data.sequence).filter((sequence) => sequence > 0);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    const purchase = events.find((event) => event.type === 'subledger.points.purchased.v1');
    expect(purchase.data).toMatchObject({ points: '500.001', reference: 'order "7" \\ \n 注文' });
    expect(purchase.data.transfers[0]).toMatchObject({
      from: 'purchased',
      to: 'main',
      fromBalance: '-500.001',
    });
  });

  it('has snapshots that fit their contract: the last states, every transfer, every statement', () => {
    const [{ data }] = parts as [(typeof events)[number]];
    const last = events.findLast((event) => event.data.subAccount !== undefined);
    expect(data).toMatchObject({ mainAccount: events.at(-1)?.data.mainAccount, transfers: [] });
    expect(data.subAccounts).toEqual([last?.data.subAccount]);
    const moves = events.flatMap((event) => event.data.transfers);
    expect(data.lines).toEqual(moves.map((move) => ({ ...move, at: last?.data.at })));
    const closed = events.flatMap((event) => event.data.closed ?? []);
    expect(closed.length).toBeGreaterThan(1);
    expect(data.statements).toEqual(
      closed.map((one) =>
        expect.objectContaining({ ...one, subAccountId, lateUsed: '0.001', lateReturned: '0.003' }),
      ),
    );
  });

  it('has limit records that fit their contract', () => {
    const { main } = books;
    const sub = books.subAccounts.get(subAccountId);
    if (!main || !sub) throw new Error('no books');
    for (const messageOffset of [null, 41n]) {
      const record = limitRecord(main, sub, { generation: 1, lane: 2, messageOffset });
      expect(record.key).toBe(subAccountId);
      expect(limitSchema.parse(JSON.parse(String(record.value))).position?.offset).toBe(
        messageOffset?.toString(),
      );
    }
  });
});
