import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import filterAbortedMessages from 'kafkajs/src/consumer/filterAbortedMessages.js';
import Record from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
import batches from 'kafkajs/src/protocol/recordBatch/v0/index.js';
import definitions from 'kafkajs/src/protocol/requests/index.js';
import { decodeFetch, type FetchAnswer, speedUpFetch } from './fetch-decoding.js';
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
    lastOffsetDelta: batch.records.length - 1,
    transactional: batch.transactional ?? false,
    producerId: '9007199254740993',
    ...(batch.compression === undefined ? {} : { compression: batch.compression }),
  });
  const bytes = Buffer.from(buffer);
  bytes.writeBigInt64BE(batch.firstOffset, 0);
  bytes.writeInt16BE(bytes.readInt16BE(21) | (batch.flags ?? 0), 21);
  return bytes;
}

function int(bytes: number, ...values: (number | bigint)[]): Buffer {
  const buffer = Buffer.alloc(bytes * values.length);
  values.forEach((value, i) => {
    if (bytes === 8) buffer.writeBigInt64BE(BigInt(value), i * 8);
    else buffer.writeIntBE(Number(value), i * bytes, bytes);
  });
  return buffer;
}

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
  expect(ours).toBeDefined();
  expect(seen(ours!)).toEqual(seen((await LIBRARYS_OWN.decode(answer)) as FetchAnswer));
  return ours!;
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

describe('an answer to a fetch says the same as kafkajs reads from it', () => {
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
    decodeFetch(answerOf([Buffer.concat(all)]))?.responses[0]?.partitions[0]?.nextOffset;
  /** As compaction leaves a batch: the records at the end are gone, the batch still reaches as far. */
  const compacted = async (firstOffset: bigint, left: number, reaches: number) => {
    const records = Array.from({ length: left }, (_, offset) => simple('a', offset));
    const bytes = await encodeBatch({ firstOffset, records });
    bytes.writeInt32BE(reaches - 1, 23);
    return bytes;
  };

  test('is after what the last whole batch was, whatever compaction has left of it', async () => {
    const whole = await encodeBatch({ firstOffset: 5n, records: [simple('a'), simple('b', 1)] });
    expect(nextOf()).toBe(0n);
    expect(nextOf(whole)).toBe(7n);
    expect(nextOf(whole, await compacted(7n, 1, 10))).toBe(17n);
    expect(nextOf(whole, await compacted(7n, 0, 10))).toBe(17n);
    expect(nextOf(whole, (await compacted(7n, 1, 10)).subarray(0, -1))).toBe(7n);
  });
});

describe('compressed batches', () => {
  test('are read by kafkajs', async () => {
    const plain: BatchOf = { firstOffset: 5n, records: [simple('a'), simple('b', 1)] };
    const answer = answerOf([
      Buffer.concat([
        await encodeBatch(plain),
        await encodeBatch({ ...plain, firstOffset: 7n, compression: GZIP }),
      ]),
    ]);
    expect(decodeFetch(answer)).toBeUndefined();
    const { response } = definitions.requests.Fetch.protocol(VERSION)({ topics: [] });
    const decoded = (await response.decode(answer)) as FetchAnswer;
    expect(messagesOf(decoded).map((message) => new FetchedRecord('t', 0, message).key)).toEqual([
      'a',
      'b',
      'a',
      'b',
    ]);
  });
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
    return bytes;
  }
  const left = (answer: Buffer): (string | null)[] => {
    const { messages, abortedTransactions } = decodeFetch(answer)!.responses[0]!.partitions[0]!;
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
