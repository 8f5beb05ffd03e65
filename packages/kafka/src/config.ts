/**
 * The vocabulary of the transport. Nothing of kafkajs appears in it: the library is unmaintained, so that the
 * rest of the system must be able to outlive it.
 */

import type { Undecodable } from './kafkajs/undecodable.js';

/** Where and as whom to connect. */
export interface KafkaConfig {
  /** `host:port` of some brokers; the others are discovered. */
  brokers: string[];
  clientId: string;
  /** Put before every topic name on the wire and taken off again; lets test suites share one broker. */
  topicPrefix?: string;
  ssl?: boolean | { ca?: string; cert?: string; key?: string };
  sasl?: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string };
  /** Silent when absent. */
  log?: KafkaLogger;
  /** Reach brokers through a tunnel or a proxy: maps an advertised address to the one to dial. */
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

/** A record as read. Key and headers are decoded when first looked at, see `fetched-record.ts`. */
export interface KafkaRecord {
  /** Without the prefix. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, string>;
  /** Milliseconds since 1970; the broker's clock on `LogAppendTime` topics, the producer's on others. */
  readonly timestampMs: number;
  /**
   * Set where this stands for a whole batch that cannot be decoded: `value` is its raw bytes, `offset` its last one.
   * To be put aside like any record that cannot be read.
   */
  readonly undecodable?: Undecodable | undefined;
}

/** A record to write. Without a `partition` the key decides (`partitionFor`); without a key any partition may get it. */
export interface OutgoingRecord {
  /** Without the prefix. */
  topic: string;
  key: string | null;
  value: string | Buffer | null;
  headers?: Record<string, string>;
  partition?: number;
}

/** `topic:partition`, the key of every map over partitions in this package. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}:${partition}`;
}
