import { describe, expect, test } from '@jest/globals';
import type { Logger } from '@subledger/service-kit';
import type { LaneMemory } from '../pipeline/lane-memory.js';
import type { DueHold, OwnedId } from '../store/known.js';
import { LaneFencedError } from '../store/lane-lease.js';
import { ExpireHolds, ExpiryTurns } from './expire-holds.js';
import type { TaskContext } from './lane-ports.js';

const FOUND_AT = Date.parse('2026-12-01T12:00:00Z');
/** Our clock is this much ahead of the database's. */
const AHEAD_MS = 5_000;
const ENDS = { commandOffset: 10n, messageOffset: 20n };
const holdsOf = (count: number): DueHold[] =>
  Array.from({ length: count }, (_, n) => ({ mainAccountId: 'ma_1', id: `m${n}`, expiresAt: FOUND_AT - 1 }));

/** A task with a lane that stands at these offsets. */
function scene(holds: DueHold[], fails: (hold: DueHold) => Error | undefined = () => undefined) {
  let now = FOUND_AT + AHEAD_MS;
  const released: { readonly ids: string[]; readonly at: number }[] = [];
  const unprocessable: string[] = [];
  const logged: object[] = [];
  const lane = { offsets: { ...ENDS }, waiting: 0 };
  const processor = {
    expire: async (_: LaneMemory, some: readonly DueHold[], at: number) => {
      const error = some.map(fails).find(Boolean);
      if (error) throw error;
      released.push({ ids: some.map(({ id }) => id), at });
    },
  };
  const log = { error: (fields: object) => logged.push(fields) } as unknown as Logger;
  const onUnprocessable = ({ id }: OwnedId) => {
    unprocessable.push(id);
  };
  const turns = new ExpiryTurns();
  const ports = { turns, processor, now: () => now, log, onUnprocessable };
  const task = new ExpireHolds(ports, { holds, at: FOUND_AT, ends: ENDS });
  const step = () =>
    task.step({ memory: { offsets: lane.offsets }, waiting: lane.waiting } as unknown as TaskContext);
  const pass = (ms: number) => {
    now += ms;
  };
  return { task, turns, lane, released, unprocessable, logged, step, pass };
}

describe('holds that are over are released', () => {
  test('a few per step, by the database’s clock', async () => {
    const { step, released, pass } = scene(holdsOf(250));
    expect(await step()).toBe(false);
    pass(300);
    expect([await step(), await step()]).toEqual([false, true]);
    expect(released.map(({ ids }) => ids.length)).toEqual([100, 100, 50]);
    expect(released.map(({ at }) => at)).toEqual([FOUND_AT, FOUND_AT + 300, FOUND_AT + 300]);
  });

  test.each([
    ['commands', { commandOffset: 9n }],
    ['messages', { messageOffset: 19n }],
  ])('after all %s that the broker had when they were found', async (_, behind) => {
    const { step, released, lane, task, pass } = scene(holdsOf(1));
    Object.assign(lane.offsets, behind);
    lane.waiting = 1;
    for (let seconds = 0; seconds < 100; seconds += 1) {
      expect(await step()).toBe(false);
      pass(1_000);
    }
    expect(released).toEqual([]);
    expect(task.dueAt).toBe(FOUND_AT + AHEAD_MS + 99_000 + 100);
    lane.offsets = { ...ENDS };
    expect(await step()).toBe(true);
    expect(released).toHaveLength(1);
  });

  test('when no record has been waiting for two seconds: a marker of a transaction is no record', async () => {
    const { step, lane, pass } = scene(holdsOf(1));
    lane.offsets.messageOffset = 19n;
    expect(await step()).toBe(false);
    pass(1_999);
    lane.waiting = 1;
    expect(await step()).toBe(false);
    lane.waiting = 0;
    expect(await step()).toBe(false);
    pass(1_999);
    expect(await step()).toBe(false);
    pass(1);
    expect(await step()).toBe(true);
  });

  test('two lanes at a time', async () => {
    const { task, turns, step, released } = scene(holdsOf(1));
    const other = Promise.withResolvers<void>();
    const taken = [1, 2].map(() => turns.run(() => other.promise));
    expect(await step()).toBe(false);
    expect(released).toEqual([]);
    expect(task.dueAt).toBe(FOUND_AT + AHEAD_MS + 5);
    other.resolve();
    expect(await Promise.all(taken)).toEqual([true, true]);
    expect(await step()).toBe(true);
    expect(released).toHaveLength(1);
  });

  test('but for the one that a rule cannot release: it is reported, and the lane goes on', async () => {
    const bug = new RangeError('a bug');
    const { step, released, unprocessable, logged } = scene(holdsOf(4), ({ id }) =>
      id === 'm2' ? bug : undefined,
    );
    expect(await step()).toBe(true);
    expect(released.map(({ ids }) => ids)).toEqual([['m0'], ['m1'], ['m3']]);
    expect(unprocessable).toEqual(['m2']);
    expect(logged).toEqual([{ mainAccountId: 'ma_1', messageId: 'm2', err: bug }]);
  });

  test.each([
    ['a fence', new LaneFencedError(0)],
    ['an outage', Object.assign(new Error('gone'), { code: 'ECONNRESET' })],
  ])('%s interrupts the lane', async (_, error) => {
    const { step, unprocessable } = scene(holdsOf(2), () => error);
    await expect(step()).rejects.toBe(error);
    expect(unprocessable).toEqual([]);
  });
});
