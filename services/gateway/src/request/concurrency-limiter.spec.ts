import { describe, expect, test } from '@jest/globals';
import { ConcurrencyLimiter } from './concurrency-limiter.js';

/** Work that ends when told to. */
function task() {
  let end: (error?: Error) => void = () => {};
  const ended = new Promise<string>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve('done'));
  });
  const state = { began: false, end: (error?: Error) => end(error) };
  const work = () => {
    state.began = true;
    return ended;
  };
  return { state, work };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('limiter', () => {
  test('so many at once, the others in line and in order, one more is turned away', async () => {
    const limiter = new ConcurrencyLimiter({ running: 2, waiting: 2 });
    const tasks = Array.from({ length: 4 }, task);
    const results = tasks.map(({ work }) => limiter.take(work));
    await settle();
    const began = () => tasks.map(({ state }) => state.began);
    expect(began()).toEqual([true, true, false, false]);
    const refused = task();
    await expect(limiter.take(refused.work)).rejects.toMatchObject({
      code: 'too-many-requests',
      headers: { 'retry-after': '1' },
    });
    expect(refused.state.began).toBe(false);
    tasks[1]?.state.end();
    await settle();
    expect(began()).toEqual([true, true, true, false]);
    tasks[0]?.state.end();
    await settle();
    expect(began()).toEqual([true, true, true, true]);
    for (const { state } of tasks) state.end();
    expect(await Promise.all(results)).toEqual(['done', 'done', 'done', 'done']);
  });

  test('work that fails gives its turn on', async () => {
    const limiter = new ConcurrencyLimiter({ running: 1, waiting: 1 });
    const [first, second] = [task(), task()];
    const failing = limiter.take(first.work);
    const waiting = limiter.take(second.work);
    first.state.end(new Error('no'));
    await expect(failing).rejects.toThrow('no');
    second.state.end();
    expect(await waiting).toBe('done');
    expect(await limiter.take(async () => 'again')).toBe('again');
  });

  test('whoever goes first does so, also where the line is full', async () => {
    const limiter = new ConcurrencyLimiter({ running: 1, waiting: 1 });
    const [running, waiting, first] = [task(), task(), task()];
    const results = [limiter.take(running.work), limiter.take(waiting.work), limiter.take(first.work, true)];
    await expect(limiter.take(task().work, true)).rejects.toMatchObject({ code: 'too-many-requests' });
    running.state.end();
    await settle();
    expect([first.state.began, waiting.state.began]).toEqual([true, false]);
    first.state.end();
    waiting.state.end();
    expect(await Promise.all(results)).toEqual(['done', 'done', 'done']);
  });
});
