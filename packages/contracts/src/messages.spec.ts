import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { makeCloudEvent } from './envelope.js';
import { type LimitRecord, limitRecord } from './limits.js';
import {
  MAX_SHOWN_CHARACTERS,
  MESSAGE_DATA,
  MESSAGE_NAMES,
  MESSAGE_READERS,
  MESSAGE_STATUSES,
  MESSAGES,
  type MessageName,
  messageType,
  shownText,
} from './messages.js';
import { SUB_ACCOUNT_STATUSES } from './vocabulary.js';

type MessageInput<Name extends MessageName> = z.input<(typeof MESSAGE_DATA)[Name]>;
const ids = { messageId: 'm1', mainAccountId: 'ma_1', subAccountId: 'sa_1' };

/** The least that each fact says. */
const MINIMAL: { [Name in MessageName]: MessageInput<Name> } = {
  'message.sent': {
    ...ids,
    sentAt: '2026-11-23T09:00:00Z',
    sender: '+815012345678',
    recipient: '+819012345678',
    content: '',
    segments: 0,
    points: '0',
  },
  'message.status': { ...ids, status: 'MESSAGE_EXPIRED', at: '2026-11-23T09:00:00Z' },
  'message.refunded': { ...ids, points: '1.2', reason: '' },
};

const record = (name: MessageName, data: object) =>
  makeCloudEvent(messageType(name), { id: 'x1', source: 'sms', time: '2026-11-23T09:00:00Z', data });
const schemaOf = (name: MessageName) => {
  const found = MESSAGES.get(messageType(name));
  if (!found) throw new Error(`no schema for ${name}`);
  return found.schema;
};

describe.each(MESSAGE_NAMES)('fact %s', (name) => {
  it('takes its minimal example as it is', () => {
    expect(schemaOf(name).parse(record(name, MINIMAL[name])).data).toEqual(MINIMAL[name]);
  });

  it('keeps fields that it does not know', () => {
    const data = { ...MINIMAL[name], later: { deep: [1] } };
    expect(schemaOf(name).parse(record(name, data)).data).toEqual(data);
  });

  it.each(Object.keys(MINIMAL[name]))('needs %s', (field) => {
    const { [field]: _, ...rest } = MINIMAL[name] as Record<string, unknown>;
    expect(schemaOf(name).safeParse(record(name, rest)).success).toBe(false);
  });
});

describe('fields of facts', () => {
  it.each<[MessageName, object]>([
    ['message.sent', { points: '-1' }],
    ['message.sent', { points: 1.2 }],
    ['message.sent', { points: '1000000000000' }],
    ['message.sent', { segments: -1 }],
    ['message.sent', { segments: 1.5 }],
    ['message.sent', { content: 'x'.repeat(20_001) }],
    ['message.sent', { content: 'broken \uD83D emoji' }],
    ['message.sent', { content: 'a\u0000b' }],
    ['message.sent', { sentAt: '2026-11-23 09:00' }],
    ['message.sent', { messageId: '' }],
    ['message.status', { status: 'DELIVERED' }],
    ['message.status', { shortlinkUrl: 'x'.repeat(2_049) }],
    ['message.refunded', { points: '0' }],
  ])('%s refuses %j', (name, wrong) => {
    expect(MESSAGE_DATA[name].safeParse({ ...MINIMAL[name], ...wrong }).success).toBe(false);
  });

  it.each(MESSAGE_STATUSES)('message.status takes %s', (status) => {
    expect(MESSAGE_DATA['message.status'].safeParse({ ...MINIMAL['message.status'], status }).success).toBe(
      true,
    );
  });

  it.each([
    ['specversion', '0.3'],
    ['id', ''],
    ['id', 'a b'],
    ['source', ''],
    ['time', 'yesterday'],
    ['datacontenttype', 'text/plain'],
    ['type', 'subledger.message.sent.v2'],
  ])('the envelope refuses %s = %j', (field, value) => {
    const told = { ...record('message.refunded', MINIMAL['message.refunded']), [field]: value };
    expect(schemaOf('message.refunded').safeParse(told).success).toBe(false);
  });
});

/** Every field of every fact, and of the envelope around it: whether a reader needs it. The README has the same table. */
const NEEDED: { readonly [Name in MessageName]: readonly string[] } = {
  'message.sent': ['type', 'messageId', 'mainAccountId', 'subAccountId', 'sentAt', 'points'],
  'message.status': ['type', 'messageId', 'mainAccountId', 'status', 'at'],
  'message.refunded': ['type', 'id', 'messageId', 'mainAccountId', 'points'],
};

describe.each(MESSAGE_NAMES)('a reader of %s', (name) => {
  const { shape } = MESSAGE_DATA[name];
  const inEnvelope = ['specversion', 'id', 'source', 'subject', 'time', 'datacontenttype'];
  const read = (json: object) =>
    MESSAGE_READERS.get(messageType(name))?.schema.safeParse(JSON.parse(JSON.stringify(json))).success;
  const whole = record(name, MINIMAL[name]);

  it.each(Object.keys(shape))('data.%s', (field) => {
    for (const wrong of [undefined, null, 'broken \uD83D', 'x'.repeat(30_000), -1, {}]) {
      const data = { ...MINIMAL[name], [field]: wrong };
      expect(read({ ...whole, data })).toBe(!NEEDED[name].includes(field));
    }
  });

  it.each(inEnvelope)('%s of the envelope', (field) => {
    for (const wrong of [undefined, null, 'two words', 5])
      expect(read({ ...whole, [field]: wrong })).toBe(!NEEDED[name].includes(field));
  });

  it('has its needed fields in the README', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const rows = readme.split('\n').filter((line) => line.startsWith(`| \`${name}\``));
    const needed = rows.filter((line) => line.includes('**needed**')).join(' ');
    expect([...needed.matchAll(/`([a-zA-Z]+)`/g)].map(([, field]) => field).sort()).toEqual(
      NEEDED[name].filter((field) => field !== 'type').toSorted(),
    );
    const rest = rows.filter((line) => !line.includes('**needed**')).join(' ');
    for (const field of Object.keys(shape))
      if (!NEEDED[name].includes(field)) expect(rest).toContain(`\`${field}\``);
  });
});

describe('a text that is only shown', () => {
  const max = MAX_SHOWN_CHARACTERS.recipient;
  it.each([
    ['こんにちは 🎉', 'こんにちは 🎉'],
    ['half \uD83D', 'half \uFFFD'],
    ['\uDE00 and half', '\uFFFD and half'],
    ['a\u0000b', 'a\uFFFDb'],
    ['x'.repeat(max), 'x'.repeat(max)],
    ['x'.repeat(max + 1), `${'x'.repeat(max - 1)}\uFFFD`],
    // Not half of the emoji that the cut goes through.
    [`${'x'.repeat(max - 2)}🎉y`, `${'x'.repeat(max - 2)}\uFFFD\uFFFD`],
    [undefined, '\uFFFD'],
    [5, '\uFFFD'],
    [{ a: 1 }, '\uFFFD'],
  ])('%j becomes %j', (reported, text) => {
    expect(shownText(reported, max)).toBe(text);
  });
});

describe('limit record', () => {
  const MINIMAL_RECORD: LimitRecord = {
    subAccountId: 'sa_1',
    mainAccountId: 'ma_1',
    status: 'active',
    period: '2026-11',
    limit: '100',
    boost: '0',
    granted: '100',
    used: '20',
    held: '0',
    remaining: '80',
    generation: 1,
    sequence: 1,
    position: null,
  };
  const position = { topic: 'sms.messages.v1', partition: 3, offset: '9007199254740993' };

  it('takes its minimal example, a position, every status, and fields that it does not know', () => {
    expect(limitRecord.parse(MINIMAL_RECORD)).toEqual(MINIMAL_RECORD);
    for (const status of SUB_ACCOUNT_STATUSES) {
      const told = { ...MINIMAL_RECORD, status, position, later: 1 };
      expect(limitRecord.parse(told)).toEqual(told);
    }
  });

  it.each([
    ...Object.keys(MINIMAL_RECORD).map((field): [object] => [{ [field]: undefined }]),
    [{ status: 'requested' }],
    [{ remaining: 80 }],
    [{ sequence: 0 }],
    // An offset outgrows what a JSON number can say.
    [{ position: { ...position, offset: 12 } }],
    [{ position: { ...position, offset: '-1' } }],
    [{ position: { ...position, partition: -1 } }],
  ])('refuses %j', (wrong) => {
    expect(limitRecord.safeParse({ ...MINIMAL_RECORD, ...wrong }).success).toBe(false);
  });
});
