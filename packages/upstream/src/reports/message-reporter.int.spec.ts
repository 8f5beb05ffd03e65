import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MESSAGES, TOPICS } from '@subledger/contracts';
import { eventually, jsonOf, noise, TopicReader } from '@subledger/testing';
import { TestCluster } from '../cluster.fixture.js';
import { InvalidReportError, ReporterClosedError, ReporterFullError, ReportRefusedError } from './errors.js';
import { MessageReporter, type MessageReporterOptions } from './message-reporter.js';
import type { MessageReport } from './report.js';

const ids = { mainAccountId: 'ma_one', subAccountId: 'sa_one' };
const sent = (messageId: string, given: object = {}): MessageReport => ({
  type: 'message.sent',
  messageId,
  ...ids,
  sentAt: '2026-11-24T00:00:00Z',
  sender: 'Test',
  recipient: '+819000000001',
  content: 'こんにちは',
  segments: 1,
  points: '1',
  ...given,
});

describe('MessageReporter', () => {
  let cluster: TestCluster;
  let reader: TopicReader;
  const open = async (settings?: Record<string, string>) => {
    cluster = await TestCluster.start(settings);
    reader = await TopicReader.open(cluster.kafka, TOPICS.messages);
    cluster.onClose(() => reader.close());
  };
  beforeEach(() => open());
  afterEach(() => cluster.stop());
  const make = (given: Partial<MessageReporterOptions> = {}) => {
    const reporter = new MessageReporter({ kafka: cluster.kafka, ...given });
    cluster.onClose(() => reporter.close({ timeoutMs: 0 }));
    return reporter;
  };
  const read = (count: number) =>
    reader.waitUntil(() => reader.records.length >= count && reader.records.map((one) => jsonOf<Event>(one)));
  interface Event {
    readonly id: string;
    readonly type: string;
    readonly data: { readonly messageId: string };
  }

  it('writes what fits the contract, in order, keyed by the main account', async () => {
    const reporter = make();
    await Promise.all([
      reporter.report(sent('m1')),
      reporter.report({
        type: 'message.status',
        messageId: 'm1',
        ...ids,
        status: 'MESSAGE_DELIVERY_FAILED',
        at: '2026-11-24T00:00:01Z',
      }),
      reporter.report({
        type: 'message.refunded',
        refundId: 'r1',
        messageId: 'm1',
        ...ids,
        points: '1',
        reason: 'delivery failed',
      }),
    ]);
    const events = await read(3);
    expect(events.map(({ type }) => type.split('.')[2])).toEqual(['sent', 'status', 'refunded']);
    expect([events[0]?.id, events[2]?.id]).toEqual(['m1', 'r1']);
    for (const event of events)
      expect(MESSAGES.get(event.type)?.schema.safeParse(event).error).toBeUndefined();
    expect(new Set(reader.records.map(({ key }) => key))).toEqual(new Set(['ma_one']));
    expect(await reporter.close()).toEqual({ undelivered: [] });
    await expect(reporter.report(sent('late'))).rejects.toThrow(ReporterClosedError);
    await expect(reporter.whenRoom()).rejects.toThrow(ReporterClosedError);
  });

  it.each<[string, object, string[]]>([
    ['points', { points: '1e3' }, ['points']],
    ['an id and a time', { messageId: 'a b', sentAt: 'now' }, ['messageId', 'sentAt']],
    ['its type', { type: 'message.lost' }, ['type']],
    ['no refund id', { type: 'message.refunded', refundId: '', reason: 'x' }, ['refundId']],
  ])('answers an error that names %s, and writes nothing', async (_what, given, paths) => {
    const reporter = make();
    const error = await reporter.report(sent('m', given)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InvalidReportError);
    expect((error as InvalidReportError).errors.map(({ path }) => path)).toEqual(paths);
    expect(reporter.waiting).toBe(0);
  });

  it('waits during an outage; reports beyond the maximum are refused, and none is lost', async () => {
    const { kafka, proxy } = await cluster.throughProxy();
    const reporter = make({ kafka, maxWaiting: 50, maxBatch: 20 });
    await reporter.report(sent('before'));
    proxy.cut();
    const reports = Array.from({ length: 50 }, (_, n) => reporter.report(sent(`m${n}`)));
    expect(reporter.isFull).toBe(true);
    await expect(reporter.report(sent('one-more'))).rejects.toThrow(ReporterFullError);
    const room = reporter.whenRoom();
    proxy.restore();
    await room;
    const more = reporter.report(sent('after'));
    await Promise.all([...reports, more]);
    const first = [...new Set((await read(52)).map(({ data }) => data.messageId))];
    expect(first).toEqual(['before', ...Array.from({ length: 50 }, (_, n) => `m${n}`), 'after']);
  });

  it('closed in an outage returns the undelivered reports', async () => {
    const { kafka, proxy } = await cluster.throughProxy();
    const reporter = make({ kafka });
    await reporter.report(sent('before'));
    proxy.cut();
    const left = ['m1', 'm2'].map((id) => sent(id));
    const outcomes = Promise.allSettled(left.map((report) => reporter.report(report)));
    const { undelivered } = await reporter.close({ timeoutMs: 200 });
    expect(undelivered).toEqual(left);
    for (const outcome of await outcomes)
      expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(ReporterClosedError);
    proxy.restore();
  });

  describe('of a topic that takes small batches only', () => {
    const MAX_BYTES = 4_000;
    const tooLarge = (id: string) => sent(id, { content: noise(MAX_BYTES).toString('base64') });
    beforeEach(async () => {
      await cluster.stop();
      await open({ 'max.message.bytes': String(MAX_BYTES) });
    });

    it.each<[string, number, readonly MessageReport[], readonly string[]]>([
      ['good, refused, good, and more waiting', 3, [sent('a'), tooLarge('no'), sent('b')], ['no']],
      ['the refused one first', 3, [tooLarge('no'), sent('a'), sent('b')], ['no']],
      ['the refused one last', 3, [sent('a'), sent('b'), tooLarge('no')], ['no']],
      ['two refused', 4, [tooLarge('no1'), sent('a'), tooLarge('no2'), sent('b')], ['no1', 'no2']],
      ['all refused', 2, [tooLarge('no1'), tooLarge('no2')], ['no1', 'no2']],
      [
        'only together too large',
        9,
        Array.from({ length: 9 }, (_, n) =>
          sent(`part${n}`, {
            content: noise(600 * (n + 1))
              .subarray(-600)
              .toString('base64'),
          }),
        ),
        [],
      ],
    ])(
      '%s: who is refused is alone with it, the rest arrives in order',
      async (_what, maxBatch, batch, refused) => {
        const reporter = make({ maxBatch });
        const more = Array.from({ length: 5 }, (_, n) => sent(`more${n}`));
        const all = [...batch, ...more];
        const outcomes = await Promise.allSettled(all.map((report) => reporter.report(report)));
        const rejected = all.filter((_report, index) => outcomes[index]?.status === 'rejected');
        expect(rejected.map(({ messageId }) => messageId)).toEqual(refused);
        for (const outcome of outcomes)
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ReportRefusedError);
        expect(reporter.waiting).toBe(0);
        const good = all.map(({ messageId }) => messageId).filter((id) => !refused.includes(id));
        const written = await read(good.length);
        expect(written.map(({ data }) => data.messageId)).toEqual(good);
        // Each was told its own place.
        const offsets = outcomes.flatMap((outcome) =>
          outcome.status === 'fulfilled' ? [outcome.value.offset] : [],
        );
        expect(offsets).toEqual([...offsets].sort((a, b) => (a < b ? -1 : 1)));
        expect(new Set(offsets).size).toBe(good.length);
        expect(await reporter.close()).toEqual({ undelivered: [] });
      },
    );
  });

  it('a report that Kafka refuses fails alone', async () => {
    const reporter = make();
    const reports = [sent('m1'), sent('m2'), sent('m3')].map((report) => reporter.report(report));
    await Promise.all(reports);
    const other = make({ kafka: { ...cluster.kafka, topicPrefix: 'not a topic name/' } });
    await expect(other.report(sent('m4'))).rejects.toThrow(ReportRefusedError);
    expect(other.waiting).toBe(0);
    await eventually(() => reader.records.length === 3);
  });
});
