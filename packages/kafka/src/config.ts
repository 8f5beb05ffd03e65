/**
 * The types of the transport. None of kafkajs's types appears here: that library is unmaintained, so the rest of the
 * system must not depend on it.
 */

import type { Undecodable } from './kafkajs/undecodable.js';

/** How to connect: addresses, encryption and credentials. */
export interface KafkaConfig {
  /** `host:port` of some brokers. The others are discovered. */
  brokers: string[];
  clientId: string;
  /** Prefix of every topic name on the wire, removed again on reading. It lets test suites share one broker. */
  topicPrefix?: string;
  ssl?: boolean | { ca?: string; cert?: string; key?: string };
  sasl?: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string };
  /**
   * How record batches are written. Default `zstd`, if this Node has it. Readers need no setting: every codec is read.
   */
  compression?: 'zstd' | 'none';
  /** No logs if absent. */
  log?: KafkaLogger;
  /** Maps an advertised broker address to the address to dial, for a tunnel or a proxy. */
  dial?(host: string, port: number): { host: string; port: number };
}

/** The part of pino that the transport uses. */
export interface KafkaLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface TopicPartition {
  topic: string;
  partition: number;
}

/** A record as read. Its key and headers are decoded on first access, see `fetched-record.ts`. */
export interface KafkaRecord {
  /** Name without the prefix. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, string>;
  /** Milliseconds since 1970: the broker's clock on `LogAppendTime` topics, the producer's clock on others. */
  readonly timestampMs: number;
  /**
   * Set if this record stands for a whole batch that cannot be decoded (docs/decisions/0023). `value` is then the
   * batch's raw bytes, `offset` its last offset. Dead-letter it like any record that cannot be read.
   */
  readonly undecodable?: Undecodable | undefined;
}

/**
 * A record to write. Without a `partition`, the key decides (`partitionFor`). Without a key too, any partition may
 * get it.
 */
export interface OutgoingRecord {
  /** Name without the prefix. */
  topic: string;
  key: string | null;
  value: string | Buffer | null;
  headers?: Record<string, string>;
  partition?: number;
}

/** `topic:partition`, the key of all maps over partitions in this package. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}:${partition}`;
}
