import { describe, expect, it } from '@jest/globals';
import { Pace } from './pace.js';

/** A clock that moves only when somebody waits. */
function paced(perSecond: number) {
  let nowMs = 0;
  const waits: number[] = [];
  const pace = new Pace(
    perSecond,
    () => nowMs,
    async (ms) => {
      waits.push(ms);
      nowMs += ms;
    },
  );
  return { pace, waits, pass: (ms: number) => (nowMs += ms) };
}
const { signal } = new AbortController();

describe('Pace', () => {
  it('lets the first go at once and spaces out the rest', async () => {
    const { pace, waits } = paced(100);
    for (let page = 0; page < 3; page += 1) await pace.take(50, signal);
    expect(waits).toEqual([500, 500]);
  });

  it('saves nothing up: a pause does not buy a burst', async () => {
    const { pace, waits, pass } = paced(100);
    await pace.take(50, signal);
    pass(10_000);
    await pace.take(50, signal);
    await pace.take(50, signal);
    expect(waits).toEqual([500]);
  });

  it('ends with the signal', async () => {
    const abort = new AbortController();
    const pace = new Pace(1);
    await pace.take(1_000, abort.signal);
    const waiting = pace.take(1, abort.signal);
    abort.abort(new Error('stopping'));
    await expect(waiting).rejects.toThrow();
    await expect(pace.take(1, abort.signal)).rejects.toThrow('stopping');
  });
});
