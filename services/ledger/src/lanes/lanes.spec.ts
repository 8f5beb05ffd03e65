import { describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import { createLogger, Registry } from '@subledger/service-kit';
import { fakeRecord } from '@subledger/wire/testing';
import { LedgerMetrics } from '../metrics.js';
import { CacheBudget } from '../pipeline/books-cache.js';
import { ConcurrencyLimiter } from './concurrency-limiter.js';
import { Lanes, type LanesPorts } from './lanes.js';

const COMMANDS = { topic: TOPICS.commands, partition: 0 };

interface Topic {
  readonly topic: string;
}

/** Commands without an end: what is fetched next, unless the lane has it paused. */
class EndlessFeed {
  #position = 0n;
  #isPaused = false;

  constructor(private readonly deliver: (record: KafkaRecord) => void) {}

  fetch(): void {
    if (this.#isPaused) return;
    this.deliver(fakeRecord({ offset: this.#position }));
    this.#position += 1n;
  }

  pause(all: readonly Topic[]): void {
    if (all.some(isCommands)) this.#isPaused = true;
  }

  resume(all: readonly Topic[]): void {
    if (all.some(isCommands)) this.#isPaused = false;
  }

  seek(topic: string, _partition: number, offset: bigint): void {
    if (isCommands({ topic })) this.#position = offset;
  }

  async commit(): Promise<void> {}
}

const isCommands = ({ topic }: Topic): boolean => topic === TOPICS.commands;

/** One lane, whose row stays where it is; orders are looked for when told to. */
function setUp() {
  const row = { generation: 1, commandOffset: 0n };
  const processed: bigint[] = [];
  const looks: (() => void)[] = [];
  const logEnd = { value: 0n };
  const metrics = new LedgerMetrics(new Registry());
  let onTakeLane = () => undefined as unknown;
  const ports = {
    store: {
      takeLane: async (lane: number) => {
        await onTakeLane();
        const lease = { lane, epoch: 1n, generation: row.generation };
        const ids = { commandLastId: null, messageLastId: null };
        return { ...row, ...ids, lease, messageOffset: 0n, laneSequence: 0n, publishedSequence: 0n };
      },
      readOwner: async () => ({ epoch: 1n, owner: 'test' }),
      loadBooks: async () => new Map(),
      readOrders: async () => [{ lane: 0, generation: row.generation, rebuildLimits: false }],
      tombstonesDue: async () => [],
    },
    inspector: {
      range: async () => ({ low: 0n, high: 1_000n }),
      read: async () => null,
      readFrom: async () => ({ records: [], next: 1_000n }),
    },
    processor: {
      process: async (_: unknown, records: KafkaRecord[]) =>
        void processed.push(...records.map(({ offset }) => offset)),
    },
    publisherOf: () => ({ open: async () => undefined, close: async () => undefined }),
    consumer: () => feed,
    timers: {
      every: (_: number, call: () => void) => looks.push(call),
      after: () => () => undefined,
      sleep: () => new Promise(() => undefined),
      random: () => 0,
    },
    options: { batch: 100, idleCursorMs: 1, retryMs: { from: 1, to: 1 }, fencedRetryMs: 1 },
    database: new ConcurrencyLimiter(100),
    kafka: new ConcurrencyLimiter(1),
    budget: new CacheBudget(10),
    metrics,
    logEnds: async (_: string, lanes: number[]) => new Map(lanes.map((lane) => [lane, logEnd.value])),
    owner: 'test',
    log: createLogger({ service: 'test', level: 'silent' }),
    now: () => 0,
    partitions: () => 1,
    prepare: async () => undefined,
  };
  const lanes = new Lanes(ports as unknown as LanesPorts);
  const feed = new EndlessFeed((record) => lanes.enqueue(TOPICS.commands, 0, [record]));
  return {
    lanes,
    feed,
    row,
    logEnd,
    metrics,
    processed,
    look: () => {
      for (const call of looks) call();
    },
    duringTakeover: (call: () => unknown) => {
      onTakeLane = () => call();
    },
  };
}

const nextTick = () => new Promise((resolve) => setImmediate(resolve));

describe('Lanes', () => {
  // Found by the simulation, seed 1755667184: commands between the row's offset and the next fetched one were lost.
  it('reads a running lane again from the operator’s position, whatever is fetched during the takeover', async () => {
    const { lanes, feed, row, processed, look, duringTakeover } = setUp();
    await lanes.onAssigned([COMMANDS]);
    for (let n = 0; n < 5; n += 1) feed.fetch();
    await nextTick();
    expect(processed).toEqual([0n, 1n, 2n, 3n, 4n]);
    processed.length = 0;
    Object.assign(row, { generation: 2, commandOffset: 2n });
    duringTakeover(() => feed.fetch());
    look();
    await nextTick();
    await nextTick();
    feed.fetch();
    await nextTick();
    expect(lanes.get(0)).toMatchObject({ state: 'running', generation: 2 });
    expect(processed).toEqual([2n]);
  });
});

describe('the lag', () => {
  it('is measured against the end of the log, also of one that nothing is fetched from', async () => {
    const { lanes, logEnd, metrics, look } = setUp();
    await lanes.onAssigned([COMMANDS]);
    logEnd.value = 7n;
    look();
    await nextTick();
    const { values } = await metrics.lag.get();
    expect(values).toEqual([
      { value: 7, labels: { topic: TOPICS.commands, partition: '0' } },
      { value: 7, labels: { topic: TOPICS.messages, partition: '0' } },
    ]);
  });
});
