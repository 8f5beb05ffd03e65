/**
 * Types of kafkajs's inner modules, which has none: the parts of 2.2.4 that we replace, and those that the specs
 * compare with. This file must not import our own files: an ambient module with imports silently loses its types.
 */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    /** The parts of its argument that are used without a connection. */
    constructor(parts: { maxInFlightRequests: number; logger: object; isConnected: () => boolean });
    readonly pending: object[];
    /** Milliseconds since 1970, or -1. */
    throttledUntil: number;
    scheduleCheckPendingRequests(): void;
  }
}

declare module 'kafkajs/src/cluster/index.js' {
  export default class Cluster {
    findBroker(node: { nodeId: string | number }): Promise<object>;
    findGroupCoordinator(wanted: { groupId: string; coordinatorType?: number }): Promise<object>;
  }
}

declare module 'kafkajs/src/consumer/consumerGroup.js' {
  export default class ConsumerGroup {
    /** Resolves when the group has given it an assignment. */
    joinAndSync(): Promise<void>;
    /** Milliseconds that `fetch` waits at the broker, read when it sends its request. */
    maxWaitTime: number;
    readonly subscriptionState: { paused(): readonly object[] };
    /** One batch per partition of the answer, also without records. */
    fetch(nodeId: string): Promise<{ readonly rawMessages: readonly object[] }[]>;
  }
}

declare module 'kafkajs/src/protocol/encoder.js' {
  /** The part of its argument that `writeEncoder` uses. */
  export interface Encoded {
    readonly buf: Buffer;
    readonly buffer: Buffer;
  }
  export default class Encoder implements Encoded {
    buf: Buffer;
    offset: number;
    get buffer(): Buffer;
    writeEncoder(value: Encoded): this;
  }
}

declare module 'kafkajs/src/protocol/requests/index.js' {
  import type { Encoded } from 'kafkajs/src/protocol/encoder.js';

  export interface ProduceArguments {
    acks: number;
    timeout: number;
    transactionalId?: string | null;
    /** A decimal string or a number. -1 means none. */
    producerId: string | number;
    producerEpoch: number;
    /** 0 means none. */
    compression?: number;
    topicData: { topic: string; partitions: PartitionData[] }[];
  }
  export interface PartitionData {
    partition: number;
    firstSequence: number;
    messages: { readonly length: number };
  }
  export interface Call {
    request: { apiKey: number; apiVersion: number; apiName: string; encode(): Promise<Encoded> };
    response: { decode(answer: Buffer): Promise<unknown>; parse(decoded: unknown): Promise<unknown> };
  }
  const definitions: {
    requests: {
      Produce: { protocol(version: { version: number }): (args: ProduceArguments) => Call };
      Fetch: { protocol(version: { version: number }): (args: { topics: unknown[] }) => Call };
    };
  };
  export default definitions;
}

declare module 'kafkajs/src/protocol/request.js' {
  import type Encoder from 'kafkajs/src/protocol/encoder.js';
  import type { Encoded } from 'kafkajs/src/protocol/encoder.js';

  export default function createRequest(parts: {
    correlationId: number;
    clientId: string;
    request: { apiKey: number; apiVersion: number; encode(): Promise<Encoded> };
  }): Promise<Encoder>;
}

declare module 'kafkajs/src/producer/groupMessagesPerPartition.js' {
  import type { ICustomPartitioner } from 'kafkajs';

  /** Messages are an array, or an object with the same `reduce`. */
  export default function groupMessagesPerPartition(parts: {
    topic: string;
    partitionMetadata: unknown[];
    messages: unknown;
    partitioner: ReturnType<ICustomPartitioner>;
  }): Record<string, unknown>;
}

declare module 'kafkajs/src/protocol/recordBatch/crc32C/index.js' {
  export default function crc32C(bytes: Uint8Array): number;
}

declare module 'kafkajs/src/consumer/filterAbortedMessages.js' {
  /** Leaves out the records of aborted transactions. Control records stay. */
  export default function filterAbortedMessages<Message>(fetched: {
    messages: Message[];
    abortedTransactions: { firstOffset: string; producerId: string }[];
  }): Message[];
}

declare module 'kafkajs/src/protocol/recordBatch/v0/index.js' {
  import type { Encoded } from 'kafkajs/src/protocol/encoder.js';

  const batches: {
    RecordBatch(batch: {
      records: Encoded[];
      compression?: number;
      firstTimestamp: number;
      maxTimestamp: number;
      lastOffsetDelta: number;
      transactional: boolean;
      producerId: string;
    }): Promise<Encoded>;
  };
  export default batches;
}

declare module 'kafkajs/src/protocol/recordBatch/record/v0/index.js' {
  import type { IHeaders } from 'kafkajs';
  import type { Encoded } from 'kafkajs/src/protocol/encoder.js';

  export default function Record(record: {
    offsetDelta: number;
    timestampDelta: number;
    key: string | null;
    value: Buffer | string | null;
    headers: IHeaders;
  }): Encoded;
}
