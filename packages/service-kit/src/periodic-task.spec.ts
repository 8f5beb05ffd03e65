import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { PeriodicTask } from './periodic-task.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function setUp() {
  const runs: PromiseWithResolvers<void>[] = [];
  const errors: unknown[] = [];
  const repeated = new PeriodicTask(
    () => {
      const run = Promise.withResolvers<void>();
      runs.push(run);
      return run.promise;
    },
    { firstMs: 10, everyMs: 1_000, retryMs: 100, onError: (error) => errors.push(error) },
  );
  return { repeated, runs, errors };
}

test('runs first, then again, and sooner after a failure', async () => {
  const { repeated, runs, errors } = setUp();
  repeated.start();
  await jest.advanceTimersByTimeAsync(10);
  expect(runs).toHaveLength(1);
  // Not while one is under way.
  await jest.advanceTimersByTimeAsync(5_000);
  expect(runs).toHaveLength(1);
  runs[0]?.reject(new Error('away'));
  await jest.advanceTimersByTimeAsync(100);
  expect([runs.length, errors.length]).toEqual([2, 1]);
  runs[1]?.resolve();
  await jest.advanceTimersByTimeAsync(999);
  expect(runs).toHaveLength(2);
  await jest.advanceTimersByTimeAsync(1);
  expect(runs).toHaveLength(3);
  runs[2]?.resolve();
  await repeated.close();
});

test('closing waits for the run under way, and none follows', async () => {
  const { repeated, runs } = setUp();
  repeated.start();
  await jest.advanceTimersByTimeAsync(10);
  const closed = repeated.close();
  runs[0]?.resolve();
  await closed;
  await jest.advanceTimersByTimeAsync(10_000);
  expect(runs).toHaveLength(1);
});

test('runs now on request, and again after a request during a run', async () => {
  const { repeated, runs } = setUp();
  repeated.start();
  void repeated.runNow();
  expect(runs).toHaveLength(1);
  void repeated.runNow();
  void repeated.runNow();
  expect(runs).toHaveLength(1);
  runs[0]?.resolve();
  await jest.advanceTimersByTimeAsync(1);
  expect(runs).toHaveLength(2);
  runs[1]?.resolve();
  await jest.advanceTimersByTimeAsync(999);
  expect(runs).toHaveLength(2);
  await jest.advanceTimersByTimeAsync(1);
  expect(runs).toHaveLength(3);
  runs[2]?.resolve();
  await repeated.close();
  await repeated.runNow();
  expect(runs).toHaveLength(3);
});
