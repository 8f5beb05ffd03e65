import { describe, expect, it } from '@jest/globals';
import {
  COMMAND_NAMES,
  commandType,
  foreignId,
  MAX_MESSAGE_RECORD_BYTES,
  MAX_RECORD_BYTES,
  TOPICS,
} from '@subledger/contracts';
import { contentHash } from './content-hash.js';
import { parseRecord } from './parse-record.js';
import { fakeRecord } from './testing/fake-record.js';

const main = 'ma_1';
const sub = 'sa_1';
const envelope = (type: string, data: unknown) => ({
  specversion: '1.0',
  id: 'id-1',
  source: '/test',
  type,
  time: '2026-11-23T09:00:00Z',
  data,
});
const command = (name: string, data: object = {}) =>
  envelope(`subledger.${name}.v1`, { mainAccountId: main, ...data });
const sent = {
  mainAccountId: main,
  subAccountId: sub,
  messageId: 'm-1',
  sentAt: '2026-11-23T18:00:00+09:00',
  sender: 'ACME',
  recipient: '+81312345678',
  content: 'secret words',
  segments: 1,
  points: '1.2',
};

describe('what cannot be read', () => {
  const { commands, messages } = TOPICS;
  it.each([
    ['nothing', commands, null, 'empty'],
    ['no bytes', commands, '', 'empty'],
    ['too many bytes', commands, 'x'.repeat(MAX_RECORD_BYTES + 1), 'oversized'],
    ['too many bytes', messages, 'x'.repeat(MAX_MESSAGE_RECORD_BYTES + 1), 'oversized'],
    ['no JSON', commands, '{"a":', 'malformed-json'],
    [
      'points twice',
      commands,
      JSON.stringify(command('points.purchase', { points: '1' })).replace(
        '"points"',
        '"points":"500000","points"',
      ),
      'duplicate-keys',
    ],
    [
      'points twice',
      messages,
      JSON.stringify(envelope('subledger.message.sent.v1', sent)).replace(
        '"points"',
        '"points":"500000","points"',
      ),
      'duplicate-keys',
    ],
    [
      'a hundred thousand lists in one another',
      commands,
      JSON.stringify(command('points.purchase', { points: '1', x: 0 })).replace(
        '"x":0',
        `"x":${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      ),
      'malformed-json',
    ],
    ['a number', commands, 5, 'invalid-envelope'],
    ['null', commands, 'null', 'invalid-envelope'],
    ['no envelope', commands, {}, 'invalid-envelope'],
    [
      'an envelope without time',
      commands,
      { ...command('feature.activate'), time: undefined },
      'invalid-envelope',
    ],
    ['data that is no object', commands, envelope('subledger.feature.activate.v1', 'x'), 'invalid-envelope'],
    ['an unknown type', commands, command('points.mint'), 'unknown-type'],
    ['a message among commands', commands, envelope('subledger.message.sent.v1', sent), 'unknown-type'],
    ['a command among messages', messages, command('feature.activate'), 'unknown-type'],
    ['a negative amount', commands, command('points.purchase', { points: '-1' }), 'invalid-data'],
    ['a number for points', commands, command('points.purchase', { points: 5 }), 'invalid-data'],
    ['no main account', commands, envelope('subledger.feature.activate.v1', {}), 'invalid-data'],
    [
      'half a message',
      messages,
      envelope('subledger.message.sent.v1', { ...sent, points: undefined }),
      'invalid-data',
    ],
  ])('%s on %s', (_what, topic, value, reason) => {
    const parsed = parseRecord(fakeRecord({ topic, key: main, value }));
    expect(parsed).toMatchObject({ kind: 'refused', reason });
  });

  it('is refused where the key is another main account, or none', () => {
    for (const key of ['ma_2', null]) {
      const parsed = parseRecord(fakeRecord({ key, value: command('feature.activate') }));
      expect(parsed).toMatchObject({ kind: 'refused', reason: 'wrong-key' });
    }
  });

  it('has the command’s id and main account if they are readable', () => {
    const legible = parseRecord(
      fakeRecord({ key: main, value: command('points.purchase', { points: 'much' }) }),
    );
    expect(legible).toMatchObject({ command: { id: 'id-1', mainAccountId: main } });
    expect(legible.kind === 'refused' && legible.command?.errors[0]?.path).toBe('data.points');
    const illegible = parseRecord(
      fakeRecord({ key: main, value: { ...command('points.mint'), id: 'two words' } }),
    );
    expect(illegible).toMatchObject({ kind: 'refused', command: null });
    const message = envelope('subledger.message.sent.v1', { ...sent, points: 1 });
    expect(parseRecord(fakeRecord({ topic: TOPICS.messages, key: main, value: message }))).toMatchObject({
      command: null,
    });
  });

  it('never quotes the record', () => {
    const values = [
      '{"content":"secret words',
      { ...envelope('x', {}), id: 'secret words' },
      { ...sent, points: 'secret words' },
    ];
    for (const value of values) {
      const parsed = parseRecord(fakeRecord({ topic: TOPICS.messages, key: main, value }));
      expect(parsed.kind === 'refused' ? parsed.detail : '').not.toContain('secret');
    }
  });
});

describe('what can be read', () => {
  const data: Record<string, object> = {
    'main-account.open': { plan: 'prepay', timeZone: 'Asia/Tokyo' },
    'points.purchase': { points: '1.5' },
    'points.adjust': { points: '-2', reason: 'ticket' },
    'plan.switch': { plan: 'postpay' },
    'sub-account.open': { limit: '100' },
    'sub-account.configure': { priority: 5 },
    'limit.change': { limit: '100' },
    'limit.boost': { points: '7' },
    'hold.place': { messageId: 'm', points: '3' },
    'hold.release': { messageId: 'm' },
    'period.roll': { period: '2026-12', dueAt: '2026-12-01T00:00:00Z' },
  };

  it.each(COMMAND_NAMES)('%s becomes the domain command', (name) => {
    const value = command(name, { subAccountId: sub, ...data[name] });
    const parsed = parseRecord(fakeRecord({ key: main, value }));
    expect(parsed).toMatchObject({
      kind: 'command',
      id: 'id-1',
      type: commandType(name),
      input: { name, mainAccountId: main },
    });
    // Nothing of the wire's words is left: no amount as text, no absent field as undefined.
    if (parsed.kind !== 'command') return;
    for (const [key, field] of Object.entries(parsed.input.data)) {
      expect(field).toBeDefined();
      if (key === 'points' || key === 'limit') expect(typeof field).toBe('bigint');
    }
  });

  it('takes null as unlimited credit, and leaves out what was not given', () => {
    const given = parseRecord(
      fakeRecord({ key: main, value: command('main-account.configure', { creditLimit: null }) }),
    );
    expect(given.kind === 'command' && given.input.data).toEqual({ creditLimit: null });
    const none = parseRecord(fakeRecord({ key: main, value: command('main-account.configure') }));
    expect(none.kind === 'command' && none.input.data).toEqual({});
  });

  it('takes a sent message without its content', () => {
    const value = envelope('subledger.message.sent.v1', sent);
    const parsed = parseRecord(fakeRecord({ topic: TOPICS.messages, key: main, value }));
    expect(parsed.kind === 'message' && parsed.input).toEqual({
      kind: 'message.sent',
      mainAccountId: main,
      subAccountId: sub,
      messageId: 'm-1',
      at: Date.parse('2026-11-23T09:00:00Z'),
      sentAt: Date.parse('2026-11-23T09:00:00Z'),
      points: 1_200n,
    });
  });

  it.each<[string, object, object?]>([
    ['half an emoji', { content: 'See you \uD83D' }],
    ['a NUL', { content: 'a\u0000b' }],
    ['an over-long content', { content: 'x'.repeat(500_000) }],
    ['no content', { content: undefined }],
    ['an odd recipient', { recipient: ['+81', 3] }],
    ['no sender', { sender: undefined }],
    ['a sender of a hundred characters', { sender: 'A'.repeat(100) }],
    ['segments as text', { segments: '2' }],
    ['two thousand segments', { segments: 2_000 }],
    ['an id with a blank', {}, { id: 'two words' }],
    ['no id', {}, { id: undefined }],
    ['no time, no source, an old version', {}, { time: 'now', source: '', specversion: '0.3' }],
  ])('books a message that has %s', (_what, data, around = {}) => {
    const value = { ...envelope('subledger.message.sent.v1', { ...sent, ...data }), ...around };
    const parsed = parseRecord(fakeRecord({ topic: TOPICS.messages, key: main, value }));
    expect(parsed).toMatchObject({ kind: 'message', input: { messageId: 'm-1', points: 1_200n } });
    // What made the charge is named by an id that the events' contract takes.
    expect(parsed.kind === 'message' && foreignId.safeParse(parsed.id).success).toBe(true);
  });

  it('books a refund with any reason and sub-account, but never without its refund id', () => {
    const refund = {
      mainAccountId: main,
      messageId: 'm-1',
      points: '1',
      reason: 'broken \uD83D',
      subAccountId: 7,
    };
    const value = envelope('subledger.message.refunded.v1', refund);
    const parse = (json: object) =>
      parseRecord(fakeRecord({ topic: TOPICS.messages, key: main, value: json }));
    expect(parse(value)).toMatchObject({ kind: 'message', id: 'id-1', input: { refundId: 'id-1' } });
    expect(parse({ ...value, id: 'two words' })).toMatchObject({ reason: 'invalid-envelope' });
  });

  it('leaves statuses to the message log', () => {
    const value = envelope('subledger.message.status.v1', {});
    expect(parseRecord(fakeRecord({ topic: TOPICS.messages, key: main, value })).kind).toBe('skipped');
  });

  it('gives one hash to the same request, however it is written', () => {
    const hashOf = (points: object) => {
      const parsed = parseRecord(fakeRecord({ key: main, value: command('points.purchase', points) }));
      return parsed.kind === 'command' ? parsed.contentHash : '';
    };
    expect(hashOf({ points: '5', reference: '' })).toBe(hashOf({ points: '5' }));
    expect(hashOf({ reference: 'a', points: '5' })).toBe(hashOf({ points: '5', reference: 'a' }));
    expect(hashOf({ points: '5' })).not.toBe(hashOf({ points: '6' }));
    // A field that came later is no part of what was asked before it was there: ids stay bound to the same content.
    const before = { mainAccountId: main, points: '5', reference: '' };
    expect(hashOf({ points: '5' })).toBe(contentHash('subledger.points.purchase.v1', before));
  });
});
