import type { KafkaMessage } from 'kafkajs';
import type { KafkaRecord } from './config.js';

/**
 * A record over kafkajs's message. Key, headers and offset are decoded when first asked for: a reader that drops a
 * record by its offset, or that never looks at headers, does not pay for them.
 */
export class FetchedRecord implements KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly #message: KafkaMessage;
  #offset: bigint | undefined;
  #key: string | null | undefined;
  #headers: Record<string, string> | undefined;

  constructor(topic: string, partition: number, message: KafkaMessage) {
    this.topic = topic;
    this.partition = partition;
    this.#message = message;
  }

  get offset(): bigint {
    this.#offset ??= BigInt(this.#message.offset);
    return this.#offset;
  }

  get value(): Buffer | null {
    return this.#message.value;
  }

  get timestampMs(): number {
    return Number(this.#message.timestamp);
  }

  get key(): string | null {
    if (this.#key === undefined) this.#key = this.#message.key?.toString('utf8') ?? null;
    return this.#key;
  }

  /** A header that occurs more than once counts with its last value; one without a value is left out. */
  get headers(): Record<string, string> {
    this.#headers ??= decodeHeaders(this.#message.headers);
    return this.#headers;
  }
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
