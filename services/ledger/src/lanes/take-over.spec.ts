import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@subledger/service-kit';
import { LaneFencedError } from '../store/lane-lease.js';
import type { LaneOwner, LedgerStore } from '../store/ledger-store.js';
import type { LogInspector } from './check-log.js';
import type { LanePublisher } from './lane-publishing.js';
import { takeOver } from './take-over.js';

/** An empty log, a row of epoch 4 with one event to publish, and a database in which the lane has another owner by then. */
function setUp(then: LaneOwner) {
  const published: unknown[] = [];
  const publisher: LanePublisher = {
    open: async () => undefined,
    publish: async (records) => void published.push(...records),
    close: async () => undefined,
  };
  const record = { topic: 'dead', key: null, value: 'letter' };
  const store = {
    takeLane: async () => ({
      lease: { lane: 0, epoch: 4n, generation: 1 },
      commandOffset: 0n,
      messageOffset: 0n,
      commandLastId: null,
      messageLastId: null,
      laneSequence: 1n,
      publishedSequence: 0n,
    }),
    readOwner: async () => then,
    unpublished: async () => [{ laneSequence: 1n, record, journalOf: null }],
    advanceCursor: async () => undefined,
  } as unknown as LedgerStore;
  const inspector: LogInspector = {
    range: async () => ({ low: 0n, high: 0n }),
    read: async () => null,
    readFrom: async (_topic, _partition, next) => ({ records: [], next }),
  };
  const ports = {
    store,
    inspector,
    log: createLogger({ service: 'test', level: 'silent' }),
    owner: 'test',
    tombstoneGraceMs: 1_000,
    now: () => 0,
  };
  return { published, takeOver: () => takeOver(ports, 0, publisher) };
}

describe('taking a lane over', () => {
  it('publishes what was committed and not published', async () => {
    const { published, takeOver } = setUp({ epoch: 4n, owner: 'test' });
    await takeOver();
    expect(published).toHaveLength(1);
  });

  // Found by the simulation: what this owner has read is older than what the next one has published by then.
  it('publishes nothing when another process took it over before the publisher was open', async () => {
    const { published, takeOver } = setUp({ epoch: 5n, owner: 'other' });
    await expect(takeOver()).rejects.toThrow(LaneFencedError);
    expect(published).toEqual([]);
  });

  // Found by the simulation, seed 1388390156: a restored row had counted up to the same epoch again.
  it('publishes nothing when another process has it in the same epoch', async () => {
    const { published, takeOver } = setUp({ epoch: 4n, owner: 'other' });
    await expect(takeOver()).rejects.toThrow(LaneFencedError);
    expect(published).toEqual([]);
  });
});
