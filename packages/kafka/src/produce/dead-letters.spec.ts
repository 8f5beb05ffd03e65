import { describe, expect, test } from '@jest/globals';
import type { KafkaRecord } from '../config.js';
import { DeadLetterSeal } from './dead-letter-seal.js';
import { parseDeadLetter, toDeadLetter } from './dead-letters.js';

const BROKER_LIMIT_BYTES = 1_048_588;
const SEAL = new DeadLetterSeal('a key of this suite');

function record(value: Buffer | string | null, changes: Partial<KafkaRecord> = {}): KafkaRecord {
  return {
    topic: 'points.commands.v1',
    partition: 3,
    offset: 42n,
    key: 'ma_1',
    value: typeof value === 'string' ? Buffer.from(value) : value,
    headers: { traceparent: '00-1-2-01' },
    timestampMs: Date.UTC(2026, 10, 23),
    ...changes,
  };
}
function letter(source: KafkaRecord, reason = 'invalid-json', detail = 'unexpected end') {
  const outgoing = toDeadLetter(source, reason, detail, 'deadletters.v1', SEAL);
  return { outgoing, parsed: parseDeadLetter({ value: Buffer.from(outgoing.value as string) }, SEAL) };
}
function sizeOf({ key, value, headers }: ReturnType<typeof toDeadLetter>): number {
  return Buffer.byteLength(`${key}${value}${JSON.stringify(headers)}`);
}

describe('toDeadLetter', () => {
  test('gives the source and the reason of the record, in headers and value', () => {
    const { outgoing, parsed } = letter(record('{"type":"points.grant","id":"c-1","x":1}'));
    expect(outgoing).toMatchObject({ topic: 'deadletters.v1', key: 'ma_1' });
    expect(outgoing.headers).toEqual({
      'dead-letter-topic': 'points.commands.v1',
      'dead-letter-partition': '3',
      'dead-letter-offset': '42',
      'dead-letter-reason': 'invalid-json',
      'dead-letter-timestamp': '2026-11-23T00:00:00.000Z',
      traceparent: '00-1-2-01',
    });
    expect(parsed).toMatchObject({
      source: { topic: 'points.commands.v1', partition: 3, offset: 42n },
      reason: 'invalid-json',
      detail: 'unexpected end',
      type: 'points.grant',
      id: 'c-1',
      key: 'ma_1',
      headers: { traceparent: '00-1-2-01' },
      isTruncated: false,
      isSealed: false,
    });
  });

  test.each<[string, Buffer | null]>([
    ['JSON', Buffer.from('{ "ä": [1, 2.50] }\n')],
    ['JSON behind a byte order mark', Buffer.from('\ufeff{"a":1}')],
    ['text that is not JSON', Buffer.from('{"a":')],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x00, 0x7d])],
    ['an empty value', Buffer.alloc(0)],
    ['a tombstone', null],
  ])('%s comes back byte by byte', (_, value) => {
    const { parsed } = letter(record(value));
    expect(parsed.value).toEqual(value);
    expect(parsed.isTruncated).toBe(false);
  });

  test('shows only ids of the record, and seals everything else', () => {
    const secrets = ['+819077770001', 'MARKED content', 'MARKED type', 'MARKED id', 'MARKED header'];
    const [key = null, content, type, id, mark = ''] = secrets;
    const { outgoing, parsed } = letter(
      record(JSON.stringify({ type, id, content }), { key, headers: { mark } }),
    );
    const bytes = JSON.stringify(outgoing);
    for (const secret of secrets) {
      expect(bytes).not.toContain(secret);
      expect(bytes).not.toContain(Buffer.from(secret).toString('base64').slice(0, -4));
    }
    expect(outgoing.key).toBeNull();
    expect(parsed).toMatchObject({ key, headers: { mark } });
    expect(String(parsed.value)).toContain(content);
  });

  test('cannot be opened with another key, nor where it was made into another record’s, nor changed', () => {
    const { outgoing } = letter(record('{"content":"secret"}'));
    const document = JSON.parse(String(outgoing.value));
    const opened = (changes: object, seal = SEAL) =>
      parseDeadLetter({ value: Buffer.from(JSON.stringify({ ...document, ...changes })) }, seal);
    expect(opened({}).isSealed).toBe(false);
    const closed = { isSealed: true, value: null, headers: {}, key: 'ma_1', reason: 'invalid-json' };
    expect(opened({}, new DeadLetterSeal('another key'))).toMatchObject(closed);
    expect(opened({ source: { ...document.source, offset: '43' } })).toMatchObject(closed);
    expect(opened({ timestampMs: 1 })).toMatchObject(closed);
    const bytes = Buffer.from(document.value, 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    expect(opened({ value: bytes.toString('base64') })).toMatchObject(closed);
    expect(opened({ value: '' })).toMatchObject(closed);
  });

  test('is the same text each time, and another one for another record', () => {
    const value = '{"content":"secret"}';
    const text = (offset: bigint) => letter(record(value, { offset })).outgoing.value;
    expect(text(1n)).toBe(text(1n));
    const sealed = (offset: bigint) => JSON.parse(String(text(offset))).value as string;
    expect(sealed(1n).slice(0, 16)).not.toBe(sealed(2n).slice(0, 16));
  });

  test.each([
    ['json', '{"a":1}', '{"a":1}'],
    ['base64', Buffer.from('a=1').toString('base64'), 'a=1'],
  ])('letters of before, %s, can be read', (encoding, value, text) => {
    const source = { topic: 'points.commands.v1', partition: 0, offset: '7' };
    const old = { source, reason: 'empty', detail: '', key: 'main-1', headers: { a: 'b' }, timestampMs: 1 };
    const document = { ...old, valueBytes: 7, encoding, truncated: false, value };
    const parsed = parseDeadLetter({ value: Buffer.from(JSON.stringify(document)) }, SEAL);
    expect(parsed).toMatchObject({ key: 'main-1', headers: { a: 'b' }, isSealed: false });
    expect(String(parsed.value)).toBe(text);
  });

  test.each<[string, KafkaRecord]>([
    ['a value at the limit', record('x'.repeat(1_048_000))],
    ['JSON that escaping doubles', record(JSON.stringify('"\\'.repeat(220_000)))],
    ['JSON of many-byte characters', record(JSON.stringify('€'.repeat(300_000)))],
    ['random bytes', record(Buffer.alloc(1_040_000, 0xfe))],
    [
      'huge key, headers and value',
      record('y'.repeat(1_000_000), {
        key: '\u0001'.repeat(500_000),
        headers: { h: '\u0001'.repeat(500_000), i: 'x' },
      }),
    ],
  ])('%s fits the broker, visibly cut', (_, source) => {
    const { outgoing, parsed } = letter(source, 'r'.repeat(5_000), '\u0001'.repeat(100_000));
    expect(sizeOf(outgoing)).toBeLessThan(BROKER_LIMIT_BYTES);
    expect(parsed.valueBytes).toBe(source.value!.length);
    expect(parsed.isTruncated).toBe(true);
    // Not toEqual, which takes seconds on a megabyte.
    expect(parsed.value!.equals(source.value!.subarray(0, parsed.value!.length))).toBe(true);
    expect(parsed.value!.length).toBeGreaterThan(400_000);
    expect(parsed.detail.endsWith('…')).toBe(true);
  });
});
