import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MESSAGES, TOPICS } from '@subledger/contracts';
import { eventually, jsonOf, TopicReader } from '@subledger/testing';
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
  beforeEach(async () => {
    cluster = await TestCluster.start();
    reader = await TopicReader.open(cluster.kafka, TOPICS.messages);
    cluster.onClose(() => reader.close());
  });
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

  it('waits an outage out; what is beyond its room is refused, and nothing is lost', async () => {
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

  it('closed in an outage says what was not delivered', async () => {
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
