import Encoder, { type Encoded } from 'kafkajs/src/protocol/encoder.js';
import definitions, { type Call, type ProduceArguments } from 'kafkajs/src/protocol/requests/index.js';
import { Frame, sizeOfString } from './frame.js';
import { isNonTransactional } from './plain-producer.js';
import { type BatchWriter, type MeasuredBatch, measureBatch, writeBatch, ZSTD } from './record-batch.js';
import { PartitionRecords } from './topic-records.js';

/**
 * Produce requests have contained record batches since version 3. All later versions that kafkajs knows look the
 * same.
 */
const FIRST_WITH_BATCHES = 3;
const PRODUCE_KEY = 0;

let applied = false;

/**
 * Replaces kafkajs's encoding of produce requests. kafkajs makes a buffer for every record and number, copies each
 * record five times and computes the checksum byte by byte, which took a third of the ledger's CPU. Here a request is
 * written once, into one buffer. Only requests with `PartitionRecords` are encoded here, others by kafkajs.
 *
 * kafkajs reads its request definitions by property at each request, so replacing one is enough.
 *
 *
 * @throws Error if kafkajs's inner modules do not have the expected shape
 */
export function speedUpProduce(): void {
  if (applied) return;
  const definition = definitions?.requests?.Produce;
  if (typeof definition?.protocol !== 'function' || typeof Encoder?.prototype?.writeEncoder !== 'function')
    throw new Error('kafkajs is not 2.2.4: its produce request or its encoder has another shape');
  const original = definition.protocol;
  const { request, response } = original({ version: 7 })({ ...NOTHING });
  if (request?.apiKey !== PRODUCE_KEY || typeof request.encode !== 'function')
    throw new Error('kafkajs is not 2.2.4: its produce request is made of other parts');
  if (typeof response?.decode !== 'function')
    throw new Error('kafkajs is not 2.2.4: its answer to a produce request is made of other parts');

  definition.protocol = ({ version }) => {
    const make = original({ version });
    if (version < FIRST_WITH_BATCHES) return make;
    return (args) => (isOurs(args) ? withOurEncoding(make(args), args) : make(args));
  };
  takeFramesOver();
  applied = true;
}

const NOTHING: ProduceArguments = {
  acks: -1,
  timeout: 1_000,
  producerId: -1,
  producerEpoch: 0,
  topicData: [],
};

function isOurs({ topicData, compression }: ProduceArguments): boolean {
  return (
    (!compression || compression === ZSTD) &&
    topicData.every(({ partitions }) =>
      partitions.every(({ messages }) => messages instanceof PartitionRecords),
    )
  );
}

function withOurEncoding({ request, response }: Call, args: ProduceArguments): Call {
  let frame: Frame | undefined;
  return {
    request: {
      ...request,
      encode: async () => {
        frame = encodeProduce(args);
        return frame;
      },
    },
    response: {
      ...response,
      decode: (answer) => {
        // The broker answers after it has read the whole request. Without an answer, the buffer is left to the
        // garbage collector.
        frame?.release();
        frame = undefined;
        return response.decode(answer);
      },
    },
  };
}

/** The body of a produce request. All its records have the current time. */
export function encodeProduce(args: ProduceArguments): Frame {
  const transactionalId = isNonTransactional(args.transactionalId) ? null : (args.transactionalId ?? null);
  const batches: MeasuredBatch[] = [];
  let bytes = sizeOfString(transactionalId) + 2 + 4 + 4;
  for (const { topic, partitions } of args.topicData) {
    bytes += sizeOfString(topic) + 4;
    for (const { messages } of partitions) {
      const batch = measureBatch((messages as PartitionRecords).records);
      batches.push(batch);
      bytes += 4 + 4 + batch.bytes;
    }
  }
  const writer: BatchWriter = {
    producerId: BigInt(args.producerId),
    producerEpoch: args.producerEpoch,
    firstSequence: 0,
    isTransactional: transactionalId !== null,
    timestampMs: Date.now(),
    compression: args.compression ?? 0,
  };
  const frame = new Frame(bytes);
  frame.string(transactionalId);
  frame.int16(args.acks);
  frame.int32(args.timeout);
  frame.int32(args.topicData.length);
  let index = 0;
  for (const { topic, partitions } of args.topicData) {
    frame.string(topic);
    frame.int32(partitions.length);
    for (const { partition, firstSequence } of partitions) {
      const batch = batches[index++]!;
      frame.int32(partition);
      const sizeAt = frame.end;
      frame.int32(batch.bytes);
      writer.firstSequence = firstSequence;
      const bytes = writeBatch(frame, batch, writer);
      frame.bytes.writeInt32BE(bytes, sizeAt);
    }
  }
  return frame;
}

/**
 * kafkajs builds a request as header + body and then size + request, each by copying into a larger encoder. If the
 * second part is a frame with space in front, the first part is written into that space instead.
 */
function takeFramesOver(): void {
  const original = Encoder.prototype.writeEncoder;
  Encoder.prototype.writeEncoder = function (this: Encoder & { frame?: Frame }, value: Encoded) {
    const frame = value instanceof Frame ? value : (value as { frame?: Frame } | undefined)?.frame;
    if (!frame || this.offset > frame.start) return original.call(this, value);
    frame.start -= this.offset;
    this.buf.copy(frame.bytes, frame.start, 0, this.offset);
    this.buf = frame.bytes.subarray(frame.start);
    this.offset = frame.end - frame.start;
    this.frame = frame;
    return this;
  };
}
