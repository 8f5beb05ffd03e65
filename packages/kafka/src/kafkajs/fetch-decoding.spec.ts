import { randomUUID } from 'node:crypto';
import zlib from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { lz4Compress, snappyCompress } from '@platformatic/wasm-utils';
import fc from 'fast-check';
import filterAbortedMessages from 'kafkajs/src/consumer/filterAbortedMessages.js';
import Record from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
import batches from 'kafkajs/src/protocol/recordBatch/v0/index.js';
import definitions from 'kafkajs/src/protocol/requests/index.js';
import { crc32c } from './crc32c.js';
import { decodeFetch, type FetchAnswer, speedUpFetch } from './fetch-decoding.js';
import { MAX_BATCH_BYTES } from './fetched-batches.js';
import { FetchedMessage } from './fetched-message.js';
import { FetchedRecord } from './fetched-record.js';

const VERSION = { version: 11 };
const GZIP = 1;
const LOG_APPEND_TIME = 0x8;
const CONTROL = 0x20;
const LIBRARYS_OWN = definitions.requests.Fetch.protocol(VERSION)({ topics: [] }).response;

interface BatchOf {
  firstOffset: bigint;
  flags?: number;
  compression?: number;
  transactional?: boolean;
  records: { offset: number; time: number; key: string | null; value: Buffer | null; headers: object }[];
}

/** A batch as kafkajs writes it, with what only brokers fill in. */
async function encodeBatch(batch: BatchOf): Promise<Buffer> {
  const { buffer } = await batches.RecordBatch({
    records: batch.records.map(({ offset, time, ...rest }) =>
      Record({ offsetDelta: offset, timestampDelta: time, ...rest, headers: rest.headers as never }),
    ),
    firstTimestamp: 1_795_467_845_123,
    maxTimestamp: 1_795_467_999_999,
    lastOffsetDelta: Math.max(-1, ...batch.records.map(({ offset }) => offset)),
    transactional: batch.transactional ?? false,
    producerId: '9007199254740993',
    ...(batch.compression === undefined ? {} : { compression: batch.compression }),
  });
  const bytes = Buffer.from(buffer);
  bytes.writeBigInt64BE(batch.firstOffset, 0);
  bytes.writeInt16BE(bytes.readInt16BE(21) | (batch.flags ?? 0), 21);
  return sealed(bytes);
}

/** With the checksum of what is in it now. */
function sealed(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17);
  return batch;
}

function int(bytes: number, ...values: (number | bigint)[]): Buffer {
  const buffer = Buffer.alloc(bytes * values.length);
  values.forEach((value, i) => {
    if (bytes === 8) buffer.writeBigInt64BE(BigInt(value), i * 8);
    else buffer.writeIntBE(Number(value), i * bytes, bytes);
  });
  return buffer;
}

/** The batch with its records as `compress` leaves them. */
async function compressed(
  batch: BatchOf,
  codec: number,
  compress: (records: Buffer) => Buffer,
): Promise<Buffer> {
  const plain = await encodeBatch(batch);
  const bytes = Buffer.concat([plain.subarray(0, 61), compress(plain.subarray(61))]);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt16BE(bytes.readInt16BE(21) | codec, 21);
  return sealed(bytes);
}

/** As snappy-java writes it: the magic, two versions, blocks with their length in front. */
function xerial(bytes: Buffer): Buffer {
  const parts = [Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]), int(4, 1, 1)];
  for (let at = 0; at < bytes.length; at += 32 * 1024) {
    const block = snappyCompress(bytes.subarray(at, at + 32 * 1024));
    parts.push(int(4, block.length), block);
  }
  return Buffer.concat(parts);
}

const ZSTD = 4;
const CODECS: [string, number, (bytes: Buffer) => Buffer][] = [
  ['gzip', GZIP, (bytes) => zlib.gzipSync(bytes)],
  ['snappy', 2, (bytes) => snappyCompress(bytes)],
  ['snappy in xerial’s framing', 2, xerial],
  ['lz4', 3, (bytes) => lz4Compress(bytes)],
  ['zstd', ZSTD, (bytes) => zlib.zstdCompressSync(bytes)],
];

/** A whole answer: one topic, these batches in each of its partitions. */
function answerOf(partitions: Buffer[], aborted: [bigint, bigint][] = []): Buffer {
  return Buffer.concat([
    ...[int(4, 12), int(2, 0), int(4, 99, 1), int(2, 3), Buffer.from('t-1'), int(4, partitions.length)],
    ...partitions.flatMap((records, partition) => [
      ...[int(4, partition), int(2, 0), int(8, 5_000_000_000n, 4_999_999_999n, 7), int(4, aborted.length)],
      ...aborted.map((pair) => int(8, ...pair)),
      ...[int(4, -1, records.length), records],
    ]),
  ]);
}

/** What readers and kafkajs look at. */
function seen(answer: FetchAnswer): unknown {
  return {
    ...answer,
    responses: answer.responses.map(({ topicName, partitions }) => ({
      topicName,
      // Aborted records are marked, not listed: see the test of their own.
      partitions: partitions.map(({ messages, abortedTransactions: _, nextOffset: _ours, ...partition }) => ({
        ...partition,
        messages: messages.map((message) => {
          const { offset, key, value, headers, timestampMs } = new FetchedRecord('t', 0, message);
          const { producerId, inTransaction } = message.batchContext;
          const raw = { key: message.key?.toString('hex'), value: value?.toString('hex') };
          return {
            ...{ offset, key, headers, timestampMs, raw, producerId, inTransaction },
            control: message.isControlRecord,
          };
        }),
      })),
    })),
  };
}

async function expectSame(answer: Buffer): Promise<FetchAnswer> {
  const ours = decodeFetch(answer);
  expect(seen(ours)).toEqual(seen((await LIBRARYS_OWN.decode(answer)) as FetchAnswer));
  return ours;
}
const messagesOf = (answer: FetchAnswer) => answer.responses[0]!.partitions[0]!.messages;
const simple = (key: string | null, offset = 0) => ({
  offset,
  time: 0,
  key,
  value: Buffer.from('v'),
  headers: {},
});

beforeAll(() => {
  speedUpFetch();
});

describe('an answer to a fetch decodes to the same as with kafkajs', () => {
  test.each<[string, BatchOf[]]>([
    ['no records', []],
    ['null key, tombstone', [{ firstOffset: 0n, records: [{ ...simple(null), value: null }] }]],
    ['an offset beyond 2^53', [{ firstOffset: 9_007_199_254_740_993n, records: [simple('k')] }]],
    ['gaps left by compaction', [{ firstOffset: 40n, records: [simple('a', 3), simple('b', 70)] }]],
    ['several batches', [1n, 2n, 3n].map((firstOffset) => ({ firstOffset, records: [simple('k')] }))],
    [
      'times after and before the first',
      [
        {
          firstOffset: 0n,
          records: [0, 90_000, -5, 2 ** 40].map((time, offset) => ({ ...simple('k', offset), time })),
        },
      ],
    ],
    [
      'the broker’s time',
      [{ firstOffset: 0n, flags: LOG_APPEND_TIME, records: [{ ...simple('k'), time: 17 }] }],
    ],
    [
      'a transaction and its marker',
      [
        { firstOffset: 0n, transactional: true, records: [simple('k')] },
        {
          firstOffset: 1n,
          transactional: true,
          flags: CONTROL,
          records: [simple('\u0000\u0000\u0000\u0001')],
        },
      ],
    ],
    [
      'repeated and empty headers',
      [{ firstOffset: 0n, records: [{ ...simple('k'), headers: { a: ['1', '2'], b: '', ü: 'ß' } }] }],
    ],
  ])('%s', async (_, all) => {
    const bytes = Buffer.concat(await Promise.all(all.map(encodeBatch)));
    await expectSame(answerOf([bytes, Buffer.alloc(0), bytes], [[7n, 3n]]));
  });

  test('wherever the last batch is cut off', async () => {
    const batch = await encodeBatch({ firstOffset: 5n, records: [simple('a'), simple('b', 1)] });
    const bytes = Buffer.concat([batch, batch]);
    for (let length = 17; length <= bytes.length; length += 1) {
      const answer = await expectSame(answerOf([bytes.subarray(0, length)]));
      expect(messagesOf(answer)).toHaveLength(2 * Math.floor(length / batch.length));
    }
  });

  test('any', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 70 });
    const record = fc.record({
      time: fc.integer({ min: -(2 ** 35), max: 2 ** 41 }),
      key: fc.option(text),
      value: fc.option(fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))),
      headers: fc.dictionary(text, fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })), {
        maxKeys: 3,
      }),
    });
    const batch = fc.record({
      firstOffset: fc.bigInt({ min: 0n, max: 2n ** 62n }),
      transactional: fc.boolean(),
      flags: fc.constantFrom(0, LOG_APPEND_TIME, CONTROL),
      records: fc
        .array(record, { maxLength: 80 })
        .map((all) => all.map((one, offset) => ({ ...one, offset }))),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(batch, { maxLength: 3 }), { maxLength: 3 }), async (partitions) => {
        const encoded = partitions.map(async (all) => Buffer.concat(await Promise.all(all.map(encodeBatch))));
        await expectSame(answerOf(await Promise.all(encoded)));
      }),
      { numRuns: 200 },
    );
  });
});

describe('the next offset', () => {
  const nextOf = (...all: Buffer[]) =>
    decodeFetch(answerOf([Buffer.concat(all)])).responses[0]?.partitions[0]?.nextOffset;
  /** As compaction leaves a batch: the records at the end are gone, the batch still reaches as far. */
  const compacted = async (firstOffset: bigint, left: number, reaches: number) => {
    const records = Array.from({ length: left }, (_, offset) => simple('a', offset));
    const bytes = await encodeBatch({ firstOffset, records });
    bytes.writeInt32BE(reaches - 1, 23);
    return sealed(bytes);
  };

  test('is after the last complete batch, also if compaction has removed records of it', async () => {
    const whole = await encodeBatch({ firstOffset: 5n, records: [simple('a'), simple('b', 1)] });
    expect(nextOf()).toBe(0n);
    expect(nextOf(whole)).toBe(7n);
    expect(nextOf(whole, await compacted(7n, 1, 10))).toBe(17n);
    expect(nextOf(whole, await compacted(7n, 0, 10))).toBe(17n);
    expect(nextOf(whole, (await compacted(7n, 1, 10)).subarray(0, -1))).toBe(7n);
  });
});

describe('compressed batches', () => {
  const records = Array.from({ length: 300 }, (_, offset) => ({
    ...simple(`key ${offset % 7}`, offset),
    value: Buffer.from(
      JSON.stringify({ id: randomUUID(), text: 'a text that repeats, a text that repeats' }),
    ),
  }));
  const plain: BatchOf = { firstOffset: 5n, records };

  test.each(CODECS)('by %s say the same as uncompressed ones', async (_name, codec, compress) => {
    const bytes = await encodeBatch(plain);
    const packed = await compressed(plain, codec, compress);
    expect(packed.length).toBeLessThan(bytes.length);
    expect(seen(decodeFetch(answerOf([packed, packed])))).toEqual(
      seen(decodeFetch(answerOf([bytes, bytes]))),
    );
  });

  test('by gzip are read like kafkajs does', async () => {
    await expectSame(answerOf([await encodeBatch({ ...plain, compression: GZIP })]));
  });

  test('that would be too much for an answer come with the next one', async () => {
    const large: BatchOf = {
      firstOffset: 0n,
      records: [{ ...simple('k'), value: Buffer.alloc(7 * 1024 * 1024) }],
    };
    const batches = await Promise.all(
      [0n, 1n, 2n].map((firstOffset) => compressed({ ...large, firstOffset }, ZSTD, zlib.zstdCompressSync)),
    );
    const all = Buffer.concat(batches);
    const [first, second] = decodeFetch(answerOf([all, all])).responses[0]!.partitions;
    expect([first!.messages.length, first!.nextOffset]).toEqual([3, 3n]);
    expect([second!.messages.length, second!.nextOffset]).toEqual([1, 1n]);
  });
});

describe('a batch that cannot be decoded', () => {
  const three: BatchOf = {
    firstOffset: 5n,
    records: [0, 1, 2].map((offset) => simple(`k${offset}`, offset)),
  };
  /** Read between two good batches. */
  async function between(bad: Buffer) {
    const before = await encodeBatch({ firstOffset: 4n, records: [simple('before')] });
    const after = await encodeBatch({ firstOffset: 8n, records: [simple('after')] });
    const { messages, nextOffset } = decodeFetch(answerOf([Buffer.concat([before, bad, after])]))
      .responses[0]!.partitions[0]!;
    return { records: messages.map((message) => new FetchedRecord('t', 0, message)), nextOffset };
  }
  const withByte = (bytes: Buffer, at: number, value: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at] = value;
    return copy;
  };

  test.each<[string, (good: Buffer) => Buffer | Promise<Buffer>, RegExp]>([
    ['wrong checksum', (good) => withByte(good, good.length - 1, 99), /CRC-32C/],
    ['wrong number of the last offset', (good) => withByte(good, 24, 1), /CRC-32C/],
    ['unknown codec', (good) => sealed(withByte(good, 22, 5)), /codec 5/],
    ['old format', (good) => withByte(good, 16, 1), /format 1/],
    ['more records than there are', (good) => sealed(withByte(good, 60, 4)), /longer than its batch/],
    ['fewer records than there are', (good) => sealed(withByte(good, 60, 2)), /do not fill the batch/],
    ['a record outside of its batch', (good) => sealed(withByte(good, 26, 1)), /outside of its batch/],
    [
      'a record that is longer than it says',
      (good) => sealed(withByte(good, 61, good[61]! - 2)),
      /do not fill it/,
    ],
    ...CODECS.map(
      ([name, codec, compress]) =>
        [
          `cut off ${name}`,
          () => compressed(three, codec, (bytes) => compress(bytes).subarray(0, -5)),
          /^batch of offsets 5 to 7, \d+ bytes: /,
        ] as [string, () => Promise<Buffer>, RegExp],
    ),
    ...CODECS.map(
      ([name, codec, compress]) =>
        [
          `more ${name} than fits`,
          () => compressed(three, codec, () => compress(Buffer.alloc(MAX_BATCH_BYTES + 1))),
          /more than|ERR_BUFFER_TOO_LARGE/,
        ] as [string, () => Promise<Buffer>, RegExp],
    ),
  ])('%s: stands for itself alone, raw and at its last offset', async (_what, spoil, reason) => {
    const bad = await spoil(await encodeBatch(three));
    const { records, nextOffset } = await between(bad);
    // An old message has one offset; a sound header is believed.
    const last = bad[16] === 1 ? 5n : 5n + BigInt(bad[26]!);
    expect(records.map(({ offset, key }) => [offset, key])).toEqual([
      [4n, 'before'],
      [last, null],
      [8n, 'after'],
    ]);
    expect(records.map(({ undecodable }) => undecodable === undefined)).toEqual([true, false, true]);
    expect(records[1]!.undecodable!.detail).toMatch(reason);
    expect(records[1]!.value!.equals(bad)).toBe(true);
    expect(nextOffset).toBe(9n);
  });

  test('with a wrong header at the end of an answer moves the position, without a wrong time', async () => {
    const bad = withByte(await encodeBatch(three), 35, 1);
    const { messages, nextOffset } = decodeFetch(answerOf([bad])).responses[0]!.partitions[0]!;
    expect([messages.length, nextOffset, messages[0]!.timestamp]).toEqual([1, 8n, 0]);
    const unframed = Buffer.from(bad);
    unframed.writeInt32BE(-12, 8);
    expect(decodeFetch(answerOf([unframed])).responses[0]!.partitions[0]!.nextOffset).toBe(8n);
  });

  test('that claims more offsets than there are ends before the next batch, or the log', async () => {
    const bad = withByte(await encodeBatch(three), 23, 1);
    const { records, nextOffset } = await between(bad);
    expect(records.map(({ offset }) => offset)).toEqual([4n, 7n, 8n]);
    expect(nextOffset).toBe(9n);
    const atEnd = answerOf([bad]);
    atEnd.writeBigInt64BE(8n, atEnd.length - bad.length - 36);
    expect(decodeFetch(atEnd).responses[0]!.partitions[0]!.nextOffset).toBe(8n);
  });

  test('in an aborted transaction is left out like its records', async () => {
    const bad = await compressed({ ...three, transactional: true }, 7, (bytes) => bytes);
    const { messages, abortedTransactions } = decodeFetch(answerOf([bad], [[9_007_199_254_740_993n, 5n]]))
      .responses[0]!.partitions[0]!;
    expect(messages).toHaveLength(1);
    expect(filterAbortedMessages({ messages, abortedTransactions })).toEqual([]);
  });

  test.each(CODECS)(
    'never throws otherwise, whatever is wrong with its %s',
    async (_name, codec, compress) => {
      const pristine = await compressed(three, codec, compress);
      await fc.assert(
        fc.property(
          fc.array(
            fc.tuple(fc.integer({ min: 61, max: pristine.length - 1 }), fc.integer({ min: 0, max: 255 })),
            {
              minLength: 1,
              maxLength: 6,
            },
          ),
          (changes) => {
            const bad = Buffer.from(pristine);
            for (const [at, value] of changes) bad[at] = value;
            const { messages, nextOffset } = decodeFetch(answerOf([sealed(bad)])).responses[0]!
              .partitions[0]!;
            expect(nextOffset).toBe(8n);
            expect(messages.length).toBeGreaterThan(0);
          },
        ),
        { numRuns: 500 },
      );
    },
  );
});

describe('headers', () => {
  test('without a value are left out, also where they repeat one that has one', () => {
    // Lengths are zigzag: 1 is -1, 2 is 1.
    const bytes = Buffer.from([1, 1, 8, ...[2, 97, 2, 49], ...[2, 97, 1], ...[2, 98, 1], ...[2, 99, 0]]);
    const batch = { producerId: '-1', inTransaction: false };
    expect(new FetchedMessage(0n, 0, false, batch, bytes, 0).textHeaders()).toEqual({ c: '' });
  });
});

describe('records of aborted transactions', () => {
  const ABORT = '\u0000\u0000\u0000\u0000';
  const COMMIT = '\u0000\u0000\u0000\u0001';

  /** A record or marker of a producer at an offset. */
  async function one(firstOffset: bigint, producerId: bigint, key: string, flags = 0): Promise<Buffer> {
    const bytes = await encodeBatch({ firstOffset, flags, transactional: true, records: [simple(key)] });
    bytes.writeBigInt64BE(producerId, 43);
    return sealed(bytes);
  }
  const left = (answer: Buffer): (string | null)[] => {
    const { messages, abortedTransactions } = decodeFetch(answer).responses[0]!.partitions[0]!;
    return filterAbortedMessages({ messages, abortedTransactions })
      .filter((message) => !message.isControlRecord)
      .map((message) => message.keyText());
  };

  test('are left out where several are aborted at once, listed in the order in which they ended', async () => {
    const log = [
      await one(0n, 1n, 'aborted 1'),
      await one(1n, 2n, 'aborted 2'),
      await one(2n, 3n, 'kept'),
      await one(3n, 2n, ABORT, CONTROL),
      await one(4n, 1n, ABORT, CONTROL),
      await one(5n, 3n, COMMIT, CONTROL),
      await one(6n, 1n, 'kept too'),
    ];
    const aborted: [bigint, bigint][] = [
      [2n, 1n],
      [1n, 0n],
    ];
    expect(left(answerOf([Buffer.concat(log)], aborted))).toEqual(['kept', 'kept too']);
    // A fetch that begins after both have begun.
    expect(left(answerOf([Buffer.concat(log.slice(1))], aborted))).toEqual(['kept', 'kept too']);
  });
});
