import { describe, expect, it } from '@jest/globals';
import { wholePoints } from '@subledger/core';
import fc from 'fast-check';
import type { Lane } from './lane.js';
import { LimitMirror } from './limit-mirror.js';
import { at, LANE, limitValue, MAIN, PARTITIONS, SUB, toRecord } from './records.fixture.js';

/**
 * A ledger, a log and an instance in one thread; the order in which they get to hear of one another is arbitrary. The
 * instance may never allow what would bring the ledger's remaining below zero.
 */
type Step =
  | { readonly do: 'take'; readonly cost: number }
  | { readonly do: 'give-back' | 'report' | 'answer' | 'book' | 'publish' | 'read-back' | 'month' }
  | { readonly do: 'repeat' };

const weighted = (weight: number, name: Exclude<Step['do'], 'take'>) => ({
  weight,
  arbitrary: fc.constant<Step>({ do: name }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('take' as const), cost: fc.integer({ min: 1, max: 40 }) }),
  },
  ...[weighted(5, 'report'), weighted(2, 'repeat'), weighted(5, 'answer'), weighted(5, 'book')],
  ...[weighted(5, 'publish'), weighted(5, 'read-back'), weighted(1, 'give-back'), weighted(1, 'month')],
);

interface Logged {
  readonly messageId: string;
  readonly cost: number;
}

class World {
  readonly mirror = new LimitMirror({
    partitions: PARTITIONS,
    whenNotCaughtUp: 'refuse',
    maxMessagePoints: wholePoints(10_000),
  });
  readonly log: Logged[] = [];
  readonly taken: Logged[] = [];
  readonly unanswered: { readonly offset: number; readonly repeated: boolean; readonly messageId: string }[] =
    [];
  readonly charged = new Set<string>();
  remaining = 100;
  overspent = 0;
  booked = 0;
  readBack = 0;
  sequence = 1;
  period = 11;
  count = 0;

  constructor() {
    const lane = this.mirror.lanes[LANE] as Lane;
    lane.phase = 'ready';
    lane.freshUntil = Number.POSITIVE_INFINITY;
    this.publish();
  }

  publish(): void {
    this.sequence += 1;
    const remaining = String(this.remaining);
    const position = this.booked === 0 ? null : at(this.booked - 1);
    const period = `2026-${this.period}`;
    this.mirror.applyLimit(toRecord(limitValue({ remaining, sequence: this.sequence, position, period })));
  }

  run(step: Step): void {
    const { mirror } = this;
    if (step.do === 'take') {
      const messageId = `m${this.count++}`;
      const question = { subAccountId: SUB, messageId, points: BigInt(step.cost) * 1_000n };
      if (mirror.take(question, 0).allowed) this.taken.push({ messageId, cost: step.cost });
    } else if (step.do === 'give-back') {
      const one = this.taken.pop();
      if (one) mirror.giveBack(one.messageId);
    } else if (step.do === 'report' || step.do === 'repeat') {
      const one = this.taken.shift();
      if (!one) return;
      const { messageId, cost } = one;
      mirror.reporting({ messageId, mainAccountId: MAIN, subAccountId: SUB, points: BigInt(cost) * 1_000n });
      this.log.push(one);
      const repeated = step.do === 'repeat';
      if (repeated) this.log.push(one);
      this.unanswered.push({ messageId, offset: this.log.length - 1, repeated });
    } else if (step.do === 'answer') {
      const answer = this.unanswered.shift();
      if (answer)
        mirror.written(answer.messageId, { ...answer, partition: LANE, offset: BigInt(answer.offset) });
    } else if (step.do === 'book') this.book();
    else if (step.do === 'publish') this.publish();
    else if (step.do === 'read-back') this.read();
    else if (step.do === 'month') this.month();
  }

  book(): void {
    const one = this.log[this.booked];
    if (!one) return;
    this.booked += 1;
    if (this.charged.has(one.messageId)) return;
    this.charged.add(one.messageId);
    this.overspent += Math.max(0, one.cost - this.remaining);
    this.remaining = Math.max(0, this.remaining - one.cost);
  }

  read(): void {
    const one = this.log[this.readBack];
    if (!one) return;
    const data = { ...one, mainAccountId: MAIN, subAccountId: SUB, points: String(one.cost) };
    const value = Buffer.from(JSON.stringify({ type: 'subledger.message.sent.v1', data }));
    this.mirror.applyMessage({ value, partition: LANE, offset: BigInt(this.readBack) });
    this.readBack += 1;
  }

  /** The unused comes back and the limit is given again: never less than before. */
  month(): void {
    this.period = 12;
    this.remaining = 100;
    this.publish();
  }

  finish(): void {
    while (this.taken.length > 0) this.run({ do: 'report' });
    while (this.unanswered.length > 0) this.run({ do: 'answer' });
    while (this.booked < this.log.length) this.book();
    while (this.readBack < this.log.length) this.read();
    this.publish();
  }
}

describe('any order of records', () => {
  it('nothing is spent that is not there, and in the end nothing stays reserved', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const world = new World();
        for (const one of steps) world.run(one);
        world.finish();
        expect([world.overspent, world.mirror.reservations.size]).toEqual([0, 0]);
        expect(world.mirror.remaining(world.mirror.table.row(SUB) as number)).toBe(
          BigInt(world.remaining) * 1_000n,
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
