import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import createRequest from 'kafkajs/src/protocol/request.js';
import definitions, { type ProduceArguments } from 'kafkajs/src/protocol/requests/index.js';
import type { OutgoingRecord } from '../config.js';
import { crc32c } from './crc32c.js';
import { encodeProduce, speedUpProduce } from './produce-encoding.js';
import { measureBatch, ZSTD } from './record-batch.js';
import { PartitionRecords } from './topic-records.js';

const LIBRARYS_OWN = definitions.requests.Produce.protocol;
const VERSION = { version: 7 };

interface Topic {
  topic: string;
  partitions: { partition: number; firstSequence: number; messages: OutgoingRecord[] }[];
}
type Call = Omit<ProduceArguments, 'topicData'> & { topicData: Topic[] };

const IDEMPOTENT = { acks: -1, timeout: 10_000, producerId: '9007199254740993', producerEpoch: 32_767 };
const TRANSACTIONAL = { ...IDEMPOTENT, transactionalId: 'länge-1' };
const PLAIN = { acks: -1, timeout: 30_000, producerId: '-1', producerEpoch: 0 };

/** The whole request as it goes to the socket. */
async function onWire(request: Parameters<typeof createRequest>[0]['request']): Promise<Buffer> {
  return (await createRequest({ correlationId: 77, clientId: 'client', request })).buffer;
}

async function libraryBytes(call: Call): Promise<Buffer> {
  return onWire(LIBRARYS_OWN(VERSION)(call as never).request);
}

async function ourBytes(call: Call): Promise<Buffer> {
  const { request, response } = definitions.requests.Produce.protocol(VERSION)(toOurs(call));
  const bytes = Buffer.from(await onWire(request));
  // The next request is written over the remains of this one, as in service.
  await response.decode(NO_ANSWERS);
  return bytes;
}

const NO_ANSWERS = Buffer.alloc(8);

function toOurs(call: Call): ProduceArguments {
  return {
    ...call,
    topicData: call.topicData.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((partition) => {
        const messages = new PartitionRecords();
        messages.records.push(...partition.messages);
        return { ...partition, messages };
      }),
    })),
  };
}

function one(messages: OutgoingRecord[], rest: Omit<ProduceArguments, 'topicData'> = PLAIN): Call {
  return { ...rest, topicData: [{ topic: 't', partitions: [{ partition: 3, firstSequence: 0, messages }] }] };
}
const record = (part: Partial<OutgoingRecord> = {}): OutgoingRecord => ({
  topic: 't',
  key: 'k',
  value: 'v',
  ...part,
});

beforeAll(() => {
  speedUpProduce();
  jest.spyOn(Date, 'now').mockReturnValue(1_795_467_845_123);
});
afterAll(() => {
  jest.restoreAllMocks();
});

describe('a produce request has the same bytes as kafkajs makes', () => {
  test.each<[string, Call]>([
    ['one record', one([record()])],
    ['null key', one([record({ key: null })])],
    ['tombstone', one([record({ value: null })])],
    ['empty key and value', one([record({ key: '', value: '' }), record({ value: Buffer.alloc(0) })])],
    ['no headers, empty headers', one([record(), record({ headers: {} })])],
    ['several headers', one([record({ headers: { traceparent: '00-1', ü: 'ß', empty: '', 12: 'number' } })])],
    ['text outside ASCII', one([record({ key: 'schlüssel', value: '€ 𝕏 \u0000 \ud800 alone' })])],
    ['offsets of two bytes', one(Array.from({ length: 200 }, (_, i) => record({ key: String(i) })))],
    [
      'values around varint borders',
      one([63, 64, 8_191, 8_192, 1_048_576].map((n) => record({ value: 'x'.repeat(n) }))),
    ],
    ['idempotent', one([record()], IDEMPOTENT)],
    ['transactional', one([record()], TRANSACTIONAL)],
    ['nothing at all', { ...PLAIN, topicData: [] }],
  ])('%s', async (_, call) => {
    expect((await ourBytes(call)).equals(await libraryBytes(call))).toBe(true);
  });

  test('any', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 70 });
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
    const anyRecord = fc.record(
      {
        topic: fc.constant('t'),
        key: fc.option(text),
        value: fc.option(fc.oneof(text, bytes)),
        headers: fc.dictionary(text, text, { maxKeys: 3 }),
      },
      { requiredKeys: ['topic', 'key', 'value'] },
    );
    const partition = fc.record({
      partition: fc.nat(100),
      firstSequence: fc.nat(2 ** 31 - 1),
      messages: fc.array(anyRecord, { minLength: 1, maxLength: 90 }),
    });
    const topicData = fc.array(
      fc.record({ topic: text, partitions: fc.array(partition, { maxLength: 3 }) }),
      { maxLength: 3 },
    );
    const writer = fc.constantFrom(PLAIN, IDEMPOTENT, TRANSACTIONAL);
    await fc.assert(
      fc.asyncProperty(writer, topicData, async (rest, topics) => {
        const call = { ...rest, topicData: topics as Topic[] };
        expect((await ourBytes(call)).toString('hex')).toBe((await libraryBytes(call)).toString('hex'));
      }),
      { numRuns: 300 },
    );
  });
});

describe('a compressed batch', () => {
  const HEADER = 61;
  /** The only batch of a request, and the length that the request gives for it. */
  function batchOf(messages: OutgoingRecord[], compression: number): { batch: Buffer; length: number } {
    const call = toOurs(one(messages, { ...IDEMPOTENT, compression }));
    const plain = encodeProduce({ ...call, compression: 0 });
    const before = plain.end - plain.start - measureBatch(messages).bytes;
    const frame = encodeProduce(call);
    const body = Buffer.from(frame.bytes.subarray(frame.start, frame.end));
    return { batch: body.subarray(before), length: body.readInt32BE(before - 4) };
  }

  test('has the same records, and lengths, codec and checksum that fit them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 400 }), { minLength: 1, maxLength: 60 }),
        (values) => {
          const messages = [...values, ...values].map((value) => record({ value }));
          const plain = batchOf(messages, 0).batch;
          const { batch, length } = batchOf(messages, ZSTD);
          expect(length).toBe(batch.length);
          expect(batch.readInt32BE(8)).toBe(batch.length - 12);
          expect(batch.readUInt32BE(17)).toBe(crc32c(batch, 21, batch.length));
          const codec = batch.readInt16BE(21);
          const records = batch.subarray(HEADER);
          expect(
            (codec === ZSTD ? zlib.zstdDecompressSync(records) : records).equals(plain.subarray(HEADER)),
          ).toBe(true);
          // All other fields of the header.
          expect(batch.subarray(23, HEADER).equals(plain.subarray(23, HEADER))).toBe(true);
          expect(batch.length).toBeLessThanOrEqual(plain.length);
        },
      ),
    );
  });

  test('is as it was where it would not be shorter', () => {
    const random = Buffer.from(
      Array.from({ length: 2_000 }, (_, index) => (index * index * 31 + index * 7) % 256),
    );
    expect(batchOf([record()], ZSTD).batch.readInt16BE(21)).toBe(0);
    expect(batchOf([record({ value: zlib.zstdCompressSync(random) })], ZSTD).batch.readInt16BE(21)).toBe(0);
  });
});

describe('what does not come from our producers', () => {
  test('is encoded by kafkajs', async () => {
    const { request } = definitions.requests.Produce.protocol(VERSION)(one([record()]) as never);
    expect((await onWire(request)).equals(await libraryBytes(one([record()])))).toBe(true);
  });
});

describe('a frame', () => {
  test('is used again once it was answered, and not before', async () => {
    const call = toOurs(one([record()]));
    const first = definitions.requests.Produce.protocol(VERSION)(call);
    const firstFrame = (await first.request.encode()) as ReturnType<typeof encodeProduce>;
    expect(encodeProduce(call).bytes.buffer).not.toBe(firstFrame.bytes.buffer);
    await first.response.decode(NO_ANSWERS);
    expect(encodeProduce(call).bytes.buffer).toBe(firstFrame.bytes.buffer);
    // A second answer must not give it away twice.
    await first.response.decode(NO_ANSWERS);
    expect(encodeProduce(call).bytes.buffer).not.toBe(firstFrame.bytes.buffer);
  });

  test('grows with an oversized record', async () => {
    const value = Buffer.alloc(5_000_000, 1);
    const call = one([record({ value })]);
    expect((await ourBytes(call)).equals(await libraryBytes(call))).toBe(true);
  });
});
