import { describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { messageSent, messageStatus } from '@subledger/testing';
import { readFact } from './facts.js';

const of = { mainAccountId: 'ma_1', subAccountId: 'sa_1', messageId: 'm-1' };
/** The fact, the refusal, or undefined where the record is skipped. */
const readOf = (record: Parameters<typeof readFact>[0]) => {
  const reading = readFact(record);
  if (reading.kind === 'skipped') return undefined;
  return reading.kind === 'valid' ? reading.value : reading;
};
const read = (event: { data: object }, data: object = {}, around: object = {}) =>
  readOf({
    topic: TOPICS.messages,
    partition: 0,
    offset: 7n,
    key: 'ma_1',
    headers: {},
    timestampMs: Date.now(),
    value: Buffer.from(JSON.stringify({ ...event, ...around, data: { ...event.data, ...data } })),
  });

describe('a message for the log', () => {
  it.each<[object, object]>([
    [{ content: 'See you \uD83D' }, { content: 'See you \uFFFD' }],
    [{ content: 'a\u0000b' }, { content: 'a\uFFFDb' }],
    [{ content: 'x'.repeat(500_000) }, { content: `${'x'.repeat(19_999)}\uFFFD` }],
    [{ content: undefined }, { content: '\uFFFD' }],
    [{ recipient: 819000000001 }, { recipient: '\uFFFD' }],
    [{ sender: 'A'.repeat(65) }, { sender: `${'A'.repeat(63)}\uFFFD` }],
    [{ segments: '2' }, { segments: 0 }],
    [{ segments: 1_001 }, { segments: 0 }],
    [{ segments: undefined }, { segments: 0 }],
  ])('of %j has %j', (reported, logged) => {
    expect(read(messageSent(of), reported)).toMatchObject({ kind: 'sent', messageId: 'm-1', ...logged });
  });

  it('needs nothing of the envelope but its type', () => {
    const around = { id: undefined, time: 'now', source: 5, specversion: '0.3' };
    expect(read(messageSent(of), {}, around)).toMatchObject({ kind: 'sent', messageId: 'm-1' });
  });

  it('is skipped if the ledger dead-letters it for its time', () => {
    const day = 86_400_000;
    for (const ago of [366, -1.1, 20_000])
      expect(
        read(messageSent(of), { sentAt: new Date(Date.now() - ago * day).toISOString() }),
      ).toBeUndefined();
    expect(read(messageSent(of), { sentAt: '0000-01-01T00:00:00Z' })).toBeUndefined();
    expect(read(messageSent(of), { sentAt: new Date(Date.now() - 364 * day).toISOString() })).toBeDefined();
  });

  it('is skipped without the fields that charging needs: the ledger dead-letters it', () => {
    for (const field of ['messageId', 'subAccountId', 'sentAt', 'points'])
      expect(read(messageSent(of), { [field]: undefined })).toBeUndefined();
  });
});

describe('a status for the log', () => {
  it('has its short link cleaned', () => {
    const more = { shortlinkStatus: 'CLICKED\u0000', shortlinkUrl: 'https://s.example/'.padEnd(3_000, 'x') };
    const fact = read(messageStatus(of), more);
    expect(fact).toMatchObject({ kind: 'status', delivery: { shortlinkStatus: 'CLICKED\uFFFD' } });
    expect(fact && 'delivery' in fact && fact.delivery.shortlinkUrl).toHaveLength(2_048);
    expect(read(messageStatus(of), { shortlinkUrl: null })).toMatchObject({
      delivery: { shortlinkUrl: null },
    });
  });

  it('is dead-lettered if it has a key twice; a message is left to the ledger', () => {
    const twice = (event: object) => {
      const value = Buffer.from(
        JSON.stringify(event).replace('"messageId"', '"messageId":"m-0","messageId"'),
      );
      return readOf({
        topic: TOPICS.messages,
        partition: 0,
        offset: 7n,
        key: 'ma_1',
        headers: {},
        timestampMs: 0,
        value,
      });
    };
    expect(twice(messageStatus(of))).toMatchObject({ reason: 'duplicate-keys' });
    expect(twice(messageSent(of))).toBeUndefined();
  });

  it('is dead-lettered where its status is unknown', () => {
    expect(read(messageStatus(of), { status: 'MESSAGE_EATEN' })).toMatchObject({ reason: 'invalid-data' });
  });
});
