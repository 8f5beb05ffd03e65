import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type LimitRecord, TOPICS } from '@subledger/contracts';
import { deleteRecords, growTopic, LogReader, partitionFor } from '@subledger/kafka/client';
import { eventually, messageRecord, messageSent } from '@subledger/testing';
import { TestCluster } from '../cluster.fixture.js';
import { MessageReporter } from '../reports/message-reporter.js';
import { LimitFeed, type LimitFeedOptions } from './limit-feed.js';
import { at, LANE, limitValue, MAIN, PARTITIONS, profileValue, SUB } from './records.fixture.js';

const sent = (messageId: string, points = '1') => ({
  type: 'message.sent' as const,
  messageId,
  mainAccountId: MAIN,
  subAccountId: SUB,
  sentAt: '2026-11-24T00:00:00Z',
  sender: 'Test',
  recipient: '+819000000001',
  content: 'x',
  segments: 1,
  points,
});

describe('LimitFeed', () => {
  let cluster: TestCluster;
  let sequence = 1;
  beforeEach(async () => {
    cluster = await TestCluster.start();
    sequence = 1;
  });
  afterEach(() => cluster.stop());

  const limit = (given: Partial<LimitRecord> = {}) => {
    sequence += 1;
    const value = limitValue({ sequence, ...given });
    return cluster.write(TOPICS.limits, { key: value.subAccountId, value });
  };
  const start = async (given: Partial<LimitFeedOptions> = {}) => {
    const feed = new LimitFeed({ kafka: cluster.kafka, ...given });
    cluster.onClose(() => feed.close());
    await feed.start();
    return feed;
  };
  const started = async (given: Partial<LimitFeedOptions> = {}) => {
    const feed = await start(given);
    await feed.ready(20_000);
    return feed;
  };
  const reporterOf = (feed: LimitFeed, kafka = cluster.kafka) => {
    const reporter = new MessageReporter({ kafka, feed });
    cluster.onClose(() => reporter.close({ timeoutMs: 0 }));
    return reporter;
  };
  const check = (feed: LimitFeed, points = '1') => feed.check({ subAccountId: SUB, points });
  const take = (feed: LimitFeed, messageId: string, points = '1') =>
    feed.take({ subAccountId: SUB, messageId, points });
  /** Reports of somebody else. */
  const foreign = (...messageIds: string[]) =>
    cluster.producer.sendAndLocate(
      messageIds.map((messageId) =>
        messageRecord(messageSent({ mainAccountId: MAIN, subAccountId: SUB, messageId })),
      ),
    );

  it('refuses until it is caught up; nothing is a state too', async () => {
    const feed = new LimitFeed({ kafka: cluster.kafka });
    cluster.onClose(() => feed.close());
    expect(check(feed)).toEqual({ allowed: false, reason: 'not-caught-up' });
    await feed.start();
    await feed.ready(20_000);
    expect(check(feed)).toEqual({ allowed: false, reason: 'unknown' });
    expect(feed.status()).toMatchObject({ caughtUp: true, subAccounts: 0, lagRecords: 0, owned: [0, 1, 2] });
  });

  it('follows limits, profiles and their tombstones', async () => {
    await limit();
    await cluster.write(TOPICS.profiles, { key: SUB, value: profileValue() });
    await cluster.write(TOPICS.limits, { key: 'sa_x', value: Buffer.from('not json') });
    const feed = await started();
    const question = { subAccountId: SUB, points: '1', sender: '+815012345678' };
    expect(feed.check(question)).toEqual({ allowed: true, remaining: 100_000n });
    expect(feed.get(SUB)).toMatchObject({ mainAccountId: MAIN, status: 'active', limit: 100_000n });
    expect([feed.status().unreadable, ...feed.subAccountIds()]).toEqual([1, SUB]);
    await limit({ status: 'paused' });
    await eventually(() => !feed.check(question).allowed);
    expect(feed.check(question)).toMatchObject({ reason: 'paused' });
    await limit({});
    await eventually(() => feed.check(question).allowed);
    await cluster.write(TOPICS.limits, { key: SUB, value: null });
    await cluster.write(TOPICS.profiles, { key: SUB, value: null });
    await eventually(() => feed.get(SUB) === undefined && feed.status().subAccounts === 0);
    expect(feed.check(question)).toMatchObject({ reason: 'unknown' });
  });

  it('learns from the broker’s answer where a report is, and subtracts it until a record has it', async () => {
    await limit({ remaining: '3' });
    const feed = await started();
    const reporter = reporterOf(feed);
    expect(take(feed, 'm1', '2').allowed).toBe(true);
    const { partition, offset } = await reporter.report(sent('m1', '2'));
    expect(partition).toBe(LANE);
    expect(check(feed, '2')).toMatchObject({ reason: 'limit', remaining: 1_000n });
    await limit({ remaining: '1', used: '2', position: at(offset) });
    await eventually(() => feed.status().reserved === 0);
    expect(check(feed, '1')).toEqual({ allowed: true, remaining: 1_000n });
  });

  it('a lost answer: finds its report by reading the log', async () => {
    await limit({ remaining: '3' });
    const feed = await started();
    const { kafka, proxy } = await cluster.throughProxy();
    const reporter = reporterOf(feed, kafka);
    await reporter.report(sent('warm-up', '0'));
    take(feed, 'm1', '2');
    proxy.stall();
    const reported = reporter.report(sent('m1', '2'));
    proxy.cut();
    proxy.restore();
    const { offset } = await reported;
    const reader = new LogReader(cluster.kafka);
    cluster.onClose(() => reader.close());
    const { records } = await reader.readFrom(TOPICS.messages, LANE, 0n);
    const first = records.find(({ value }) => String(value).includes('"m1"'));
    expect(first?.offset).toBeLessThanOrEqual(offset);
    await limit({ remaining: '1', position: at(first?.offset ?? -1n) });
    await eventually(() => feed.status().reserved === 0);
    expect(check(feed, '1').allowed).toBe(true);
  });

  it('without contact to the brokers it refuses, and recovers by itself', async () => {
    await limit();
    const { kafka, proxy } = await cluster.throughProxy();
    const feed = await started({ kafka, staleAfterMs: 1_500 });
    expect(check(feed).allowed).toBe(true);
    proxy.cut();
    await eventually(() => !check(feed).allowed);
    expect(check(feed)).toEqual({ allowed: false, reason: 'not-caught-up' });
    expect(feed.isCaughtUp()).toBe(false);
    await limit({ remaining: '7' });
    proxy.restore();
    await feed.ready(20_000);
    expect(check(feed)).toEqual({ allowed: true, remaining: 7_000n });
  });

  it('counts what others reported and no record reflects, from before its start and after', async () => {
    const [, , third] = await foreign('a', 'b', 'c', 'd');
    await limit({ remaining: '10', position: at((third?.offset ?? 0n) - 1n) });
    const feed = await started();
    expect(check(feed)).toMatchObject({ remaining: 8_000n });
    await foreign('e');
    await eventually(() => feed.status().reserved === 3);
    expect(check(feed)).toMatchObject({ remaining: 7_000n });
  });

  it.each([
    ['alone', {}],
    ['in a group', { ownership: { groupId: 'of-the-suite' } }],
  ] as const)('keeps to the lanes where the topic was given more partitions, %s', async (_how, given) => {
    // More that would put the main account elsewhere.
    const more = [4, 5, 6, 7, 8].find((count) => partitionFor(MAIN, count) >= PARTITIONS) as number;
    await growTopic(cluster.kafka, TOPICS.messages, more);
    await limit({ remaining: '3', position: at(500) });
    const lanes = PARTITIONS;
    const feed = await started({ lanes, ...given });
    expect(feed.status().owned).toEqual([0, 1, 2]);
    const pinned = new MessageReporter({ kafka: cluster.kafka, lanes });
    cluster.onClose(() => pinned.close({ timeoutMs: 0 }));
    expect((await pinned.report(sent('m-0', '0'))).partition).toBe(LANE);
    // One that does not keep to them, and what the ledger then forwards.
    take(feed, 'm-1', '2');
    const place = await reporterOf(feed).report(sent('m-1', '2'));
    expect(place.partition).toBe(partitionFor(MAIN, more));
    expect(check(feed)).toEqual({ allowed: true, remaining: 1_000n });
  });

  it('drops reservations without an effect once the ledger is past them', async () => {
    await limit({ remaining: '10' });
    const places = await foreign('dead-lettered', 'x', 'y');
    const feed = await started();
    expect(feed.status().reserved).toBe(3);
    const other = (position: bigint) => limit({ subAccountId: 'sa_other', position: at(position) });
    await other(places[0]!.offset);
    await other(places[1]!.offset);
    await eventually(() => feed.status().reserved === 2);
  });

  it('reads the log again if the ledger continues in another generation', async () => {
    const places = await foreign('a', 'b', 'c');
    await limit({ remaining: '10', position: at(places[2]!.offset) });
    const feed = await started();
    expect(feed.status().reserved).toBe(0);
    await limit({ remaining: '12', generation: 2, sequence: 1, position: at(places[0]!.offset) });
    await eventually(() => feed.isCaughtUp() && feed.status().reserved === 2);
    expect(check(feed)).toMatchObject({ remaining: 10_000n });
  });

  it('reads a lane again if its log has lost its beginning', async () => {
    const places = await foreign('a', 'b', 'c');
    await deleteRecords(cluster.kafka, TOPICS.messages, LANE, places[1]!.offset);
    await limit({ remaining: '10' });
    const feed = await started();
    expect(check(feed)).toMatchObject({ remaining: 8_000n });
  });

  it('answers for its share alone', async () => {
    await limit();
    const feeds = [];
    for (let index = 0; index < PARTITIONS; index += 1)
      feeds.push(await started({ ownership: { index, count: PARTITIONS } }));
    const allowed = feeds.map((feed) => check(feed).allowed);
    expect(allowed.indexOf(true)).toBe(partitionFor(MAIN, PARTITIONS));
    expect(feeds.map((feed) => check(feed)).filter(({ allowed: yes }) => !yes)).toEqual(
      Array.from({ length: PARTITIONS - 1 }, () => ({ allowed: false, reason: 'not-owner' })),
    );
    await expect(start({ ownership: { index: 3, count: 3 } })).rejects.toThrow(RangeError);
  });

  it('a lane moves from one instance to the next, and its current owner counts messages under way', async () => {
    await limit({ remaining: '50' });
    const group = { groupId: `${cluster.kafka.topicPrefix}senders`, sessionTimeoutMs: 6_000 };
    const instances = [await started({ ownership: group })];
    const reporters = instances.map((feed) => reporterOf(feed));
    const results: boolean[] = [];
    const reports: Promise<unknown>[] = [];
    let n = 0;
    /** Every instance tries for every message, all the time; nothing is ever booked. */
    const trySend = () => {
      for (const [index, feed] of instances.entries()) {
        const messageId = `m${n++}`;
        const { allowed } = take(feed, messageId);
        if (!allowed) continue;
        results.push(allowed);
        reports.push(reporters[index]!.report(sent(messageId)));
      }
    };
    for (let turn = 0; turn < 10; turn += 1) trySend();
    expect(results).toHaveLength(10);
    const timer = setInterval(trySend, 40);
    cluster.onClose(async () => clearInterval(timer));
    for (let more = 0; more < 2; more += 1) {
      const next = await start({ ownership: group });
      instances.push(next);
      reporters.push(reporterOf(next));
      await next.ready(20_000);
    }
    // The first one goes: its share, perhaps the lane, is another's.
    clearInterval(timer);
    await reporters[0]?.close();
    await instances[0]?.close();
    const rest = instances.slice(1);
    await eventually(() => rest.some((feed) => feed.isCaughtUp() && feed.status().owned.includes(LANE)), {
      timeoutMs: 30_000,
    });
    instances.splice(0, 1);
    reporters.splice(0, 1);
    for (let turn = 0; turn < 100; turn += 1) trySend();
    await Promise.all(reports);
    expect(results).toHaveLength(50);
    expect(rest.map((feed) => check(feed))).toContainEqual({
      allowed: false,
      reason: 'limit',
      remaining: 0n,
    });
  });
});
