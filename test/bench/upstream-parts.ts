import { readFile } from 'node:fs/promises';
import { TOPICS } from '@subledger/contracts';
import { type KafkaConfig, LogFollower } from '@subledger/kafka/client';
import { LimitFeed } from '@subledger/upstream';
import { PARTITIONS, UPSTREAM } from './settings.js';
import { subAccountIdOf } from './upstream-records.js';

/** Parts of the benchmark `upstream` that run in their own processes, so that their memory is measured separately. */
export const UPSTREAM_PARTS: Record<string, () => Promise<object>> = {
  'upstream-bare': bareRead,
  'upstream-feed': runFeed,
};

const kafka = (): KafkaConfig => ({
  brokers: (process.env.KAFKA_BROKERS ?? '').split(','),
  clientId: 'bench-upstream',
});

export interface BareFigures {
  readonly recordsPerSecond: number;
  readonly peakMemoryMb: number;
}
export interface FeedFigures extends BareFigures {
  /** Highest resident memory while loading; `peakMemoryMb` is that of the whole run. */
  readonly loadingMemoryMb: number;
  readonly checkNs: number;
  readonly takeNs: number;
}

/** The floor: reads the same records, and only counts them. */
async function bareRead(): Promise<BareFigures> {
  const topics = [TOPICS.limits, TOPICS.profiles];
  let records = 0;
  const done = Promise.withResolvers<void>();
  const follower = new LogFollower(kafka(), {
    topics,
    onBatch: (batch) => {
      records += batch.records.length;
    },
    onRound: () => {
      if (topics.every((topic) => follower.atEndSince(topic) > 0)) done.resolve();
    },
    onOutOfRange: ({ low }) => low,
  });
  const begun = performance.now();
  for (const topic of topics)
    for (let partition = 0; partition < PARTITIONS; partition += 1) follower.follow(topic, partition, 0n);
  await done.promise;
  const seconds = (performance.now() - begun) / 1_000;
  await follower.close();
  return { recordsPerSecond: records / seconds, peakMemoryMb: await memoryMb('VmHWM') };
}

async function runFeed(): Promise<FeedFigures> {
  const feed = new LimitFeed({ kafka: kafka() });
  const begun = performance.now();
  await feed.start();
  await feed.ready(600_000);
  const seconds = (performance.now() - begun) / 1_000;
  const { subAccounts, unreadable } = feed.status();
  if (subAccounts !== UPSTREAM.subAccounts || unreadable > 0)
    throw new Error(`the feed has ${subAccounts} sub-accounts, and ${unreadable} records were unreadable`);
  const loadingMemoryMb = await memoryMb('VmHWM');
  const checkNs = await timePerCall((id) => feed.check({ subAccountId: id, points: '1.2' }).allowed);
  const takeNs = await timePerCall((id, n) => {
    const messageId = `message-${n}`;
    const { allowed } = feed.take({ subAccountId: id, messageId, points: '1.2' });
    return allowed && feed.giveBack(messageId);
  });
  const peakMemoryMb = await memoryMb('VmHWM');
  await feed.close();
  return { recordsPerSecond: (2 * subAccounts) / seconds, loadingMemoryMb, peakMemoryMb, checkNs, takeNs };
}

const ROUND = 2_000;
const ROUNDS = 500;

/**
 * Mean nanoseconds of a call, over sub-accounts from the whole range, in rounds that let the feed continue reading.
 */
async function timePerCall(call: (subAccountId: string, n: number) => boolean): Promise<number> {
  let spent = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    // Made before the clock runs. The step is a prime, so that ids come from the whole range and are the same in
    // every run.
    const ids = Array.from({ length: ROUND }, (_, n) =>
      subAccountIdOf(((round * ROUND + n) * 7_919) % UPSTREAM.subAccounts),
    );
    const begun = performance.now();
    for (const [n, id] of ids.entries()) if (!call(id, n)) throw new Error(`${id} was refused`);
    spent += performance.now() - begun;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return (spent * 1e6) / (ROUND * ROUNDS);
}

async function memoryMb(field: string): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) / 1_024;
}
