import definitions from 'kafkajs/src/protocol/requests/index.js';
import { DecompressedBytes, readBatches } from './fetched-batches.js';
import type { BatchContext, FetchedMessage } from './fetched-message.js';

/** The newest version that kafkajs knows. All brokers since 2.3 support it. */
const VERSION = 11;
const FETCH_KEY = 1;

/** With kafkajs's field names. */
export interface FetchAnswer {
  throttleTime: number;
  clientSideThrottleTime: number;
  errorCode: number;
  sessionId: number;
  responses: { topicName: string; partitions: FetchedPartition[] }[];
}
interface FetchedPartition {
  partition: number;
  errorCode: number;
  highWatermark: string;
  lastStableOffset: string;
  lastStartOffset: string;
  abortedTransactions: { producerId: string; firstOffset: string }[];
  preferredReadReplica: number;
  messages: FetchedMessage[];
  /**
   * The offset after the last complete batch, which kafkajs does not report, or 0 without one. Compaction removes
   * records from a batch and keeps the batch, so the last record's offset may be lower.
   */
  nextOffset: bigint;
}

let applied = false;

/**
 * Replaces kafkajs's decoding of fetch answers, see `FetchedMessage`. kafkajs decompresses gzip only, checks no
 * checksum, and never gets past a batch that it cannot decode.
 *
 *
 * @throws Error if kafkajs's inner modules do not have the expected shape
 */
export function speedUpFetch(): void {
  if (applied) return;
  const definition = definitions?.requests?.Fetch;
  const original = definition?.protocol;
  const probe = typeof original === 'function' ? original({ version: VERSION })({ topics: [] }) : undefined;
  if (
    !definition ||
    !original ||
    probe?.request?.apiKey !== FETCH_KEY ||
    typeof probe.response?.decode !== 'function'
  )
    throw new Error('kafkajs is not 2.2.4: its fetch request has another shape');
  definition.protocol = ({ version }) => {
    const make = original({ version });
    if (version !== VERSION) return make;
    return (args) => {
      const call = make(args);
      return {
        ...call,
        response: { ...call.response, decode: async (answer: Buffer) => decodeFetch(answer) },
      };
    };
  };
  applied = true;
}

export function decodeFetch(answer: Buffer): FetchAnswer {
  const reader = new AnswerReader(answer);
  const decoded: FetchAnswer = {
    // kafkajs: the broker did not wait, it wants the client to.
    throttleTime: 0,
    clientSideThrottleTime: reader.int32(),
    errorCode: reader.int16(),
    sessionId: reader.int32(),
    responses: [],
  };
  for (let topics = reader.int32(); topics > 0; topics -= 1) {
    const topicName = reader.string();
    const partitions: FetchedPartition[] = [];
    for (let left = reader.int32(); left > 0; left -= 1) partitions.push(reader.partition());
    decoded.responses.push({ topicName, partitions });
  }
  return decoded;
}

class AnswerReader {
  readonly #bytes: Buffer;
  readonly #decompressed = new DecompressedBytes();
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  #int64(): string {
    this.#at += 8;
    return String(this.#bytes.readBigInt64BE(this.#at - 8));
  }

  string(): string {
    const length = this.int16();
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  partition(): FetchedPartition {
    const partition: FetchedPartition = {
      partition: this.int32(),
      errorCode: this.int16(),
      highWatermark: this.#int64(),
      lastStableOffset: this.#int64(),
      lastStartOffset: this.#int64(),
      abortedTransactions: [],
      preferredReadReplica: -1,
      messages: [],
      nextOffset: 0n,
    };
    for (let left = this.int32(); left > 0; left -= 1)
      partition.abortedTransactions.push({ producerId: this.#int64(), firstOffset: this.#int64() });
    partition.preferredReadReplica = this.int32();
    const size = this.int32();
    if (size <= 0) return partition;
    const to = this.#at + size;
    const logEnd = BigInt(partition.highWatermark);
    Object.assign(partition, readBatches(this.#bytes, this.#at, to, logEnd, this.#decompressed));
    this.#at = to;
    markAborted(partition);
    return partition;
  }
}

const ABORTED: BatchContext = { producerId: 'aborted', inTransaction: true };
/** Key of the marker that ends an aborted transaction: version 0, type 0. */
const ABORT_MARKER = Buffer.alloc(4);

/**
 * Finds the records of aborted transactions and marks them, so that kafkajs leaves them out. kafkajs's own search
 * assumes that the broker's list is ordered by first offset and that at most one transaction begins at each record.
 * If several transactions are aborted at once, or a fetch begins in the middle of one, kafkajs delivers aborted
 * records as if they were committed.
 */
function markAborted(partition: FetchedPartition): void {
  if (partition.abortedTransactions.length === 0) return;
  const begins = partition.abortedTransactions
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }))
    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborting = new Set<string>();
  let next = 0;
  for (const message of partition.messages) {
    for (let begin = begins[next]; begin && begin.firstOffset <= message.offset; begin = begins[next]) {
      aborting.add(begin.producerId);
      next += 1;
    }
    const { producerId, inTransaction } = message.batchContext;
    if (message.isControlRecord) {
      if (message.key?.equals(ABORT_MARKER)) aborting.delete(producerId);
    } else if (inTransaction && aborting.has(producerId)) message.batchContext = ABORTED;
  }
  partition.abortedTransactions = [{ producerId: ABORTED.producerId, firstOffset: '0' }];
}
