import { describe, expect, test } from '@jest/globals';
import type { KafkaRecord } from './config.js';
import { parseDeadLetter, toDeadLetter } from './dead-letters.js';

const BROKER_LIMIT_BYTES = 1_048_588;

function record(value: Buffer | string | null, changes: Partial<KafkaRecord> = {}): KafkaRecord {
  return {
    topic: 'points.commands.v1',
    partition: 3,
    offset: 42n,
    key: 'main-1',
    value: typeof value === 'string' ? Buffer.from(value) : value,
    headers: { traceparent: '00-1-2-01' },
    timestampMs: Date.UTC(2026, 10, 23),
    ...changes,
  };
}
function letter(source: KafkaRecord, reason = 'invalid-json', detail = 'unexpected end') {
  const outgoing = toDeadLetter(source, reason, detail, 'deadletters.v1');
  return { outgoing, parsed: parseDeadLetter({ value: Buffer.from(outgoing.value as string) }) };
}
function sizeOf({ key, value, headers }: ReturnType<typeof toDeadLetter>): number {
  return Buffer.byteLength(`${key}${value}${JSON.stringify(headers)}`);
}

describe('toDeadLetter', () => {
  test('says where the record came from and why it is dead, in headers and value', () => {
    const { outgoing, parsed } = letter(record('{"type":"points.grant","id":"c-1","x":1}'));
    expect(outgoing).toMatchObject({ topic: 'deadletters.v1', key: 'main-1' });
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
      key: 'main-1',
      headers: { traceparent: '00-1-2-01' },
      isTruncated: false,
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

  test('JSON stays readable, anything else is base64', () => {
    expect(JSON.parse(String(letter(record('{"a":1}')).outgoing.value))).toMatchObject({
      encoding: 'json',
      value: '{"a":1}',
    });
    expect(JSON.parse(String(letter(record('a=1')).outgoing.value))).toMatchObject({ encoding: 'base64' });
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
