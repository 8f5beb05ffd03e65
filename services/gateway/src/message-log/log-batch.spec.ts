import { describe, expect, test } from '@jest/globals';
import { MESSAGE_STATUSES } from '@subledger/contracts';
import fc from 'fast-check';
import { deliveryOf } from './delivery.js';
import type { Fact } from './facts.js';
import { applyFacts, keyOf, type Logged, refundKeyOf, type Stored, type Usage } from './log-batch.js';

const OF = { mainAccountId: 'ma_1', messageId: 'm1' };
const source = (offset: number) => ({ partition: 0, offset: BigInt(offset) });
const sent = (offset: number, more: object = {}): Fact => ({
  kind: 'sent',
  ...OF,
  source: source(offset),
  subAccountId: 'sa_1',
  sentAt: 1_000_000,
  sender: 's',
  recipient: 'r',
  content: 'c',
  segments: 1,
  millipoints: 1_200n,
  ...more,
});
const refund = (offset: number, refundId: string, millipoints: bigint, more: object = {}): Fact => ({
  kind: 'refund',
  ...OF,
  source: source(offset),
  refundId,
  millipoints,
  ...more,
});
const status = (offset: number, name: (typeof MESSAGE_STATUSES)[number], at: number): Fact => ({
  kind: 'status',
  ...OF,
  source: source(offset),
  delivery: deliveryOf({ status: name, at }),
});

/** A store in memory that takes changes as the tables do. */
class Store {
  messages = new Map<string, Logged>();
  early: Stored['early'] & Map<string, { mainAccountId: string; messageId: string; delivery: never }> =
    new Map();
  refunds = new Map<string, Fact & { kind: 'refund' }>();
  usage = new Map<string, Usage>();

  apply(facts: readonly Fact[]): void {
    const refundSums = new Map<string, bigint>();
    for (const each of this.refunds.values())
      refundSums.set(keyOf(each), (refundSums.get(keyOf(each)) ?? 0n) + each.millipoints);
    const { messages, early, refunds } = this;
    const changes = applyFacts({ messages, early, refunds, refundSums }, facts);
    for (const { sent: _, ...row } of changes.inserted) messages.set(keyOf(row), row);
    for (const row of changes.updated) messages.set(keyOf(row), row);
    for (const row of changes.earlyGone) early.delete(keyOf(row));
    for (const row of changes.early) early.set(keyOf(row), row as never);
    for (const row of changes.refunds) refunds.set(refundKeyOf(row), row);
    for (const row of changes.usage) {
      const key = `${row.mainAccountId} ${row.quarter} ${row.subAccountId}`;
      const sum = this.usage.get(key) ?? { ...row, messages: 0, millipoints: 0n, refunded: 0n };
      this.usage.set(key, {
        ...sum,
        messages: sum.messages + row.messages,
        millipoints: sum.millipoints + row.millipoints,
        refunded: sum.refunded + row.refunded,
      });
    }
  }
  get only(): Logged | undefined {
    return this.messages.get(keyOf(OF));
  }
}
const after = (...batches: Fact[][]): Store => {
  const store = new Store();
  for (const batch of batches) store.apply(batch);
  return store;
};

describe('a message', () => {
  test('counts once; the same again only moves its source', () => {
    const store = after([sent(1)], [sent(5)]);
    expect(store.only).toMatchObject({ millipoints: 1_200n, source: source(5) });
    expect([...store.usage.values()]).toEqual([
      expect.objectContaining({ messages: 1, millipoints: 1_200n }),
    ]);
  });
  test('with other points or of another sub-account is not the same', () => {
    for (const other of [{ millipoints: 9n }, { subAccountId: 'sa_2' }])
      expect(after([sent(1), sent(2, other)]).only).toMatchObject({ millipoints: 1_200n, source: source(1) });
  });
  test('takes the waiting statuses that came before it', () => {
    const [passed, complete] = MESSAGE_STATUSES;
    const store = after([status(1, complete, 8)], [status(2, passed, 7)], [sent(3)]);
    expect(store.only?.delivery).toMatchObject({ status: complete, statusAt: 8, endedAt: 8 });
    expect(store.early.size).toBe(0);
  });
});

describe('refunds', () => {
  test.each([
    ['add up', [refund(2, 'a', 200n), refund(3, 'b', 300n)], 500n],
    ['count once per id', [refund(2, 'a', 200n), refund(3, 'a', 200n)], 200n],
    ['an id that stood for another message', [refund(2, 'a', 200n), refund(3, 'a', 900n)], 200n],
    ['at most what was charged', [refund(2, 'a', 1_000n), refund(3, 'b', 1_000n)], 1_200n],
  ])('%s', (_name, refunds, refunded) => {
    const together = after([sent(1), ...refunds]);
    expect(together.only?.refunded).toBe(refunded);
    expect(after([sent(1)], ...refunds.map((each) => [each])).only?.refunded).toBe(refunded);
    expect([...together.usage.values()]).toEqual([expect.objectContaining({ refunded })]);
  });
});

const anyFact: fc.Arbitrary<Fact> = fc
  .oneof(
    fc.record({ kind: fc.constant('sent'), id: fc.constantFrom('m1', 'm2') }),
    fc.record({
      kind: fc.constant('refund'),
      id: fc.constantFrom('m1', 'm2'),
      refundId: fc.constantFrom('a', 'b', 'c'),
    }),
    fc.record({
      kind: fc.constant('status'),
      id: fc.constantFrom('m1', 'm2'),
      name: fc.constantFrom(...MESSAGE_STATUSES),
      at: fc.integer({ min: 0, max: 3 }),
    }),
  )
  .map((made): Fact => {
    const given = made as {
      kind: string;
      id: string;
      refundId?: string;
      name?: (typeof MESSAGE_STATUSES)[number];
      at?: number;
    };
    const messageId = given.id;
    if (given.kind === 'sent') return { ...sent(0), messageId } as Fact;
    // A refund id belongs to one message here: the ledger dead-letters others.
    if (given.kind === 'refund')
      return { ...refund(0, `${given.refundId}-${messageId}`, 700n), messageId } as Fact;
    return { ...status(0, given.name ?? MESSAGE_STATUSES[0], given.at ?? 0), messageId } as Fact;
  });

test('facts cut into any batches, repeated, in any order, end the same; the sums agree with the log', () => {
  const runs = fc
    .array(anyFact, { maxLength: 8 })
    .chain((facts) =>
      fc.tuple(
        fc.constant(facts),
        fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length * 2 }),
        fc.integer({ min: 1, max: 4 }),
      ),
    );
  fc.assert(
    fc.property(runs, ([facts, twice, size]) => {
      const whole = after(facts);
      const cut: Fact[][] = [];
      for (let at = 0; at < twice.length; at += size) cut.push(twice.slice(at, at + size));
      const other = after(...cut);
      expect(new Map([...other.messages].sort())).toEqual(new Map([...whole.messages].sort()));
      const sums = [...other.usage.values()].reduce((sum, each) => sum + each.refunded, 0n);
      expect(sums).toBe([...other.messages.values()].reduce((sum, each) => sum + each.refunded, 0n));
    }),
  );
});
