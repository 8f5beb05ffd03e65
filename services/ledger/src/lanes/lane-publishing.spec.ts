import { describe, expect, it } from '@jest/globals';
import type { OutgoingRecord } from '@subledger/kafka';
import { Registry } from '@subledger/service-kit';
import { LedgerMetrics } from '../metrics.js';
import { BatchDraft, type Publication } from '../pipeline/batch-draft.js';
import { BooksCache, CacheBudget } from '../pipeline/books-cache.js';
import { LaneMemory } from '../pipeline/lane-memory.js';
import { ConcurrencyLimiter } from './concurrency-limiter.js';
import { LanePublishing } from './lane-publishing.js';

const record = (value: string): OutgoingRecord => ({ topic: 't', key: null, value });
const publication = (laneSequence: bigint, limit: string): Publication => ({
  records: [record(`event ${laneSequence}`)],
  limits: new Map([['sa_1', () => record(limit)]]),
  laneSequence,
  hasOutbox: false,
});

function setUp() {
  const sent: string[][] = [];
  const gates: { resolve(): void; reject(error: Error): void }[] = [];
  const publisher = {
    open: async () => {},
    close: async () => {},
    publish: (records: OutgoingRecord[]) => {
      sent.push(records.map(({ value }) => String(value)));
      return new Promise<void>((resolve, reject) => gates.push({ resolve, reject }));
    },
  };
  const memory = new LaneMemory(
    {
      lease: { lane: 0, epoch: 1n, generation: 1 },
      commandOffset: 0n,
      messageOffset: 0n,
      commandLastId: null,
      messageLastId: null,
      laneSequence: 0n,
      publishedSequence: 0n,
    },
    new BooksCache(new CacheBudget(10)),
  );
  let failures = 0;
  const publishing = new LanePublishing(
    {
      publisher,
      limiter: new ConcurrencyLimiter(1),
      metrics: new LedgerMetrics(new Registry()),
      readJournal: async () => [],
    },
    memory,
    () => {
      failures += 1;
    },
  );
  return { publishing, memory, sent, gates, failures: () => failures };
}

describe('publishing behind a lane', () => {
  it('publishes in order, what piled up together, with one limit record per sub-account', async () => {
    const { publishing, memory, sent, gates } = setUp();
    publishing.add(publication(1n, 'old'));
    publishing.add(publication(2n, 'older'));
    publishing.add(publication(3n, 'newest'));
    expect(sent).toEqual([['event 1', 'old']]);
    expect(memory.published).toBe(0n);
    gates[0]?.resolve();
    await new Promise(setImmediate);
    expect(memory.published).toBe(1n);
    expect(sent[1]).toEqual(['event 2', 'event 3', 'newest']);
    gates[1]?.resolve();
    await publishing.drain();
    expect(memory.published).toBe(3n);
  });

  it('makes the lane wait when too much has piled up', async () => {
    const { publishing, gates } = setUp();
    for (const sequence of [1n, 2n, 3n, 4n]) publishing.add(publication(sequence, 'x'));
    let hasRoom = false;
    const waiting = publishing.whenBelowLimit().then(() => {
      hasRoom = true;
    });
    await new Promise(setImmediate);
    expect(hasRoom).toBe(false);
    gates[0]?.resolve();
    await waiting;
    gates[1]?.resolve();
    await publishing.drain();
  });

  it('lets a tombstone replace the record of an earlier batch that waits with it', async () => {
    const { publishing, sent, gates } = setUp();
    publishing.add(publication(1n, 'first'));
    publishing.add(publication(2n, 'of before'));
    const draft = new BatchDraft(2n, 0);
    draft.addTombstone({ mainAccountId: 'ma_1', subAccountId: 'sa_1' });
    publishing.add(draft.toPublication(new Map()));
    gates[0]?.resolve();
    await new Promise(setImmediate);
    expect(sent[1]).toEqual(['event 2', 'null']);
    gates[1]?.resolve();
    await publishing.drain();
  });

  it('publishes nothing more after a failure, and reports it', async () => {
    const { publishing, memory, sent, gates, failures } = setUp();
    publishing.add(publication(1n, 'x'));
    gates[0]?.reject(new Error('away'));
    await publishing.drain();
    publishing.add(publication(2n, 'x'));
    await expect(publishing.whenBelowLimit()).rejects.toThrow('away');
    expect(() => publishing.assertWorking()).toThrow('away');
    expect(failures()).toBe(1);
    expect(sent).toHaveLength(1);
    expect(memory.published).toBe(0n);
  });
});
