import type { KafkaMessage } from 'kafkajs';
import type { KafkaRecord } from '../config.js';
import { FetchedMessage } from './fetched-message.js';
import { type Undecodable, UndecodableBatch } from './undecodable.js';

/**
 * A record over a fetched message, which has kafkajs's types. Fields are decoded on first access, so that a reader
 * that drops a record by its offset, or never reads headers, does not pay for them.
 */
export class FetchedRecord implements KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly #message: KafkaMessage | FetchedMessage;
  #offset: bigint | undefined;
  #key: string | null | undefined;
  #value: Buffer | null | undefined;
  #headers: Record<string, string> | undefined;

  constructor(topic: string, partition: number, message: KafkaMessage | FetchedMessage) {
    this.topic = topic;
    this.partition = partition;
    this.#message = message;
  }

  get offset(): bigint {
    this.#offset ??= BigInt(this.#message.offset);
    return this.#offset;
  }

  get value(): Buffer | null {
    if (this.#value === undefined) this.#value = this.#message.value;
    return this.#value;
  }

  get timestampMs(): number {
    return Number(this.#message.timestamp);
  }

  get undecodable(): Undecodable | undefined {
    return this.#message instanceof UndecodableBatch ? this.#message.undecodable : undefined;
  }

  get key(): string | null {
    if (this.#key === undefined) this.#key = keyOf(this.#message);
    return this.#key;
  }

  /** If a header occurs more than once, its last value counts. A header without a value is left out. */
  get headers(): Record<string, string> {
    this.#headers ??= headersOf(this.#message);
    return this.#headers;
  }
}

function keyOf(message: KafkaMessage | FetchedMessage): string | null {
  if (message instanceof FetchedMessage) return message.keyText();
  return message.key?.toString('utf8') ?? null;
}

function headersOf(message: KafkaMessage | FetchedMessage): Record<string, string> {
  if (message instanceof FetchedMessage) return message.textHeaders();
  return decodeHeaders(message.headers);
}

function decodeHeaders(raw: KafkaMessage['headers']): Record<string, string> {
  const headers: Record<string, string> = {};
  if (!raw) return headers;
  for (const name in raw) {
    const all = raw[name];
    const value = Array.isArray(all) ? all.at(-1) : all;
    if (value !== undefined && value !== null)
      headers[name] = typeof value === 'string' ? value : value.toString('utf8');
  }
  return headers;
}
