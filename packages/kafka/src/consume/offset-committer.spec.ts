import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { OffsetCommitter, type OffsetToCommit } from './offset-committer.js';

const at = (offset: bigint, partition = 0): OffsetToCommit => ({ topic: 't', partition, offset });

describe('OffsetCommitter', () => {
  let sent: OffsetToCommit[][];
  let fails: boolean;
  let answered: Promise<void>;
  let committer: OffsetCommitter;
  beforeEach(() => {
    jest.useFakeTimers();
    sent = [];
    fails = false;
    answered = Promise.resolve();
    committer = new OffsetCommitter(async (offsets) => {
      await answered;
      if (fails) throw new Error('away');
      sent.push(offsets);
    }, undefined);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('commits the first at once, and what comes within the pause together after it', async () => {
    committer.add(at(1n));
    committer.add(at(7n, 1));
    await jest.advanceTimersByTimeAsync(1);
    expect(sent).toEqual([[at(1n), at(7n, 1)]]);
    committer.add(at(2n));
    committer.add(at(3n));
    await jest.advanceTimersByTimeAsync(100);
    expect(sent).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(150);
    expect(sent.slice(1)).toEqual([[at(3n)]]);
  });

  test('a flush does not wait for the pause', async () => {
    committer.add(at(1n));
    await jest.advanceTimersByTimeAsync(1);
    committer.add(at(2n));
    const flushed = committer.flush();
    await jest.advanceTimersByTimeAsync(1);
    await flushed;
    expect(sent).toEqual([[at(1n)], [at(2n)]]);
  });

  test('forgets a partition that was lost, and sends nothing once closed', async () => {
    committer.add(at(1n));
    await jest.advanceTimersByTimeAsync(1);
    committer.add(at(2n));
    committer.add(at(9n, 1));
    committer.forget('t', 0);
    await jest.advanceTimersByTimeAsync(250);
    expect(sent[1]).toEqual([at(9n, 1)]);
    committer.add(at(10n, 1));
    committer.close();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(2);
  });

  test('forgets a partition that was lost while its commit was under way, though that failed', async () => {
    const answer = Promise.withResolvers<void>();
    answered = answer.promise;
    fails = true;
    committer.add(at(1n));
    committer.add(at(9n, 1));
    await jest.advanceTimersByTimeAsync(1);
    committer.forget('t', 0);
    answer.resolve();
    await jest.advanceTimersByTimeAsync(1);
    fails = false;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(sent).toEqual([[at(9n, 1)]]);
  });

  test('what failed is tried again after a while', async () => {
    fails = true;
    committer.add(at(1n));
    await jest.advanceTimersByTimeAsync(10);
    fails = false;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(sent).toEqual([]);
    await jest.advanceTimersByTimeAsync(4_000);
    expect(sent).toEqual([[at(1n)]]);
  });
});
