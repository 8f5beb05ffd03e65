import { describe, expect, it } from '@jest/globals';
import { GroupCommit } from './group-commit.js';
import { LaneFencedError } from './lane-lease.js';
import type { BatchToWrite } from './write-batch.js';

/** As much of a batch as the grouping looks at. */
function slice(
  lane: number,
  rows: number,
  other: { outbox?: number; hasOutbox?: boolean } = {},
): BatchToWrite {
  const journal = rows === 0 ? [] : [{ firstSequence: 1n, lastSequence: BigInt(rows) }];
  return {
    lease: { lane, epoch: 1n, generation: 1 },
    writes: { journal, outbox: Array.from({ length: other.outbox ?? 0 }) },
    published: { sequence: 0n, hasOutbox: other.hasOutbox ?? false },
  } as unknown as BatchToWrite;
}

function setUp(failFor: (lanes: readonly number[]) => Error | null = () => null) {
  const written: number[][] = [];
  const gates: (() => void)[] = [];
  const commits = new GroupCommit({
    atOnce: 2,
    maxRows: 10,
    write: async (batches) => {
      const lanes = batches.map(({ lease }) => lease.lane);
      written.push(lanes);
      await new Promise<void>((resolve) => gates.push(resolve));
      const failure = failFor(lanes);
      if (failure) throw failure;
    },
  });
  /** Ends the oldest transaction, and lets what follows from it happen. */
  const commit = async () => {
    gates.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { commits, written, commit };
}

const fenced = (lane: number) => (lanes: readonly number[]) =>
  lanes.includes(lane) ? new LaneFencedError(lane) : null;

describe('GroupCommit', () => {
  it('writes a lone batch at once, and small ones that come meanwhile together', async () => {
    const { commits, written, commit } = setUp();
    const done = [1, 2, 3].map((lane) => commits.write(slice(lane, 1)));
    expect(written).toEqual([[1]]);
    await commit();
    expect(written).toEqual([[1], [2, 3]]);
    await commit();
    await Promise.all(done);
  });

  it('writes a full one beside a small one, two at a time', () => {
    const { commits, written } = setUp();
    void commits.write(slice(1, 1));
    void commits.write(slice(2, 500));
    void commits.write(slice(3, 500));
    expect(written).toEqual([[1], [2]]);
  });

  it('fills a transaction up to its rows', async () => {
    const { commits, written, commit } = setUp();
    void commits.write(slice(0, 1));
    for (const lane of [1, 2, 3, 4]) void commits.write(slice(lane, 4));
    await commit();
    await commit();
    expect(written).toEqual([[0], [1, 2], [3, 4]]);
  });

  it('leaves alone what touches the outbox', async () => {
    const { commits, written, commit } = setUp();
    void commits.write(slice(0, 1));
    void commits.write(slice(1, 1));
    void commits.write(slice(2, 1, { outbox: 1 }));
    void commits.write(slice(3, 1, { hasOutbox: true }));
    for (let count = 0; count < 4; count += 1) await commit();
    expect(written).toEqual([[0], [1], [2], [3]]);
  });

  it('writes one by one where one of them cannot be written: the others have no part in it', async () => {
    const { commits, written, commit } = setUp(fenced(2));
    const [first, ...others] = [0, 1, 2, 3].map((lane) => commits.write(slice(lane, 1)));
    const settled = Promise.allSettled(others);
    for (let count = 0; count < 5; count += 1) await commit();
    await first;
    expect(written).toEqual([[0], [1, 2, 3], [1], [2], [3]]);
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('leaves all of them in doubt after an outage: it must not write again what may be there', async () => {
    const lost = Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    const { commits, written, commit } = setUp((lanes) => (lanes.length > 1 ? lost : null));
    const [, ...others] = [0, 1, 2].map((lane) => commits.write(slice(lane, 1)));
    const settled = Promise.allSettled(others);
    await commit();
    await commit();
    expect(await settled).toEqual([
      { status: 'rejected', reason: lost },
      { status: 'rejected', reason: lost },
    ]);
    expect(written).toEqual([[0], [1, 2]]);
  });
});
