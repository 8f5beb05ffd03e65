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
  test('runs the maximum at once, queues others in order, and rejects one more', async () => {
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

  test('failing work frees its place', async () => {
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

  test('priority work goes first, also if the queue is full', async () => {
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
