import type { KafkaRecord, OutgoingRecord } from './config.js';
import type { RecordProducer } from './record-producer.js';

/** Where a dead letter came from and why it is one. */
export interface DeadLetter {
  source: { topic: string; partition: number; offset: bigint };
  /** A code, such as `invalid-json`. */
  reason: string;
  /** For a human. */
  detail: string;
  /** The CloudEvent's, where it could be read. */
  type?: string;
  id?: string;
}

/** The dead letter with the record it was made of. */
export interface ParsedDeadLetter extends DeadLetter {
  key: string | null;
  headers: Record<string, string>;
  timestampMs: number;
  /** The original bytes; only their beginning if `isTruncated`. */
  value: Buffer | null;
  /** Bytes of the original value. */
  valueBytes: number;
  isTruncated: boolean;
}

/** Fits, with its headers, the broker's default `message.max.bytes` of 1,048,588. */
const MAX_VALUE_BYTES = 900_000;
/** What the document may take besides the value: JSON of key, headers and detail, escaped at worst. */
const MAX_KEY_CHARS = 4_096;
const MAX_DETAIL_CHARS = 2_000;
const MAX_CODE_CHARS = 200;
const MAX_HEADERS_CHARS = 16_384;
const HEADER = 'dead-letter-';

/**
 * The record that keeps what could not be processed. Its value is a JSON document with the original value as text, or
 * as base64 if that is not JSON in UTF-8; of an oversized one it has the beginning, and says so (`truncated`,
 * `valueBytes`): the source position tells where the whole is, for as long as the topic keeps it.
 *
 * Pure, so that the ledger can publish it in its own transaction.
 */
export function toDeadLetter(
  record: KafkaRecord,
  reason: string,
  detail: string,
  deadLetterTopic: string,
): OutgoingRecord {
  const text = decodeJson(record.value);
  const source = { topic: record.topic, partition: record.partition, offset: String(record.offset) };
  const code = clip(reason, MAX_CODE_CHARS);
  const base = {
    source,
    reason: code,
    detail: clip(detail, MAX_DETAIL_CHARS),
    ...text?.identity,
    key: record.key === null ? null : clip(record.key, MAX_KEY_CHARS),
    headers: clipHeaders(record.headers),
    timestampMs: record.timestampMs,
    valueBytes: record.value?.length ?? 0,
  };
  return {
    topic: deadLetterTopic,
    key: base.key,
    value: encode(base, record.value, text?.json),
    headers: {
      [`${HEADER}topic`]: source.topic,
      [`${HEADER}partition`]: String(source.partition),
      [`${HEADER}offset`]: source.offset,
      [`${HEADER}reason`]: encodeURI(code),
      [`${HEADER}timestamp`]: new Date(record.timestampMs).toISOString(),
      ...(base.headers.traceparent ? { traceparent: base.headers.traceparent } : {}),
    },
  };
}

function encode(base: object, value: Buffer | null, json: string | undefined): string {
  if (value === null) return JSON.stringify({ ...base, encoding: 'none', truncated: false, value: null });
  if (json !== undefined && value.length <= MAX_VALUE_BYTES) {
    const document = JSON.stringify({ ...base, encoding: 'json', truncated: false, value: json });
    if (Buffer.byteLength(document) <= MAX_VALUE_BYTES) return document;
  }
  const frame = JSON.stringify({ ...base, encoding: 'base64', truncated: false, value: '' });
  // Base64 makes four bytes of three.
  const room = Math.floor(((MAX_VALUE_BYTES - Buffer.byteLength(frame)) / 4) * 3);
  const truncated = value.length > room;
  const kept = truncated ? value.subarray(0, room) : value;
  return JSON.stringify({ ...base, encoding: 'base64', truncated, value: kept.toString('base64') });
}

/** Reads back what `toDeadLetter` made. @throws SyntaxError | TypeError if the record is no dead letter */
export function parseDeadLetter(record: Pick<KafkaRecord, 'value'>): ParsedDeadLetter {
  const document = JSON.parse(record.value?.toString('utf8') ?? 'null');
  const { source, encoding, truncated, value, ...rest } = document;
  return {
    ...rest,
    source: { ...source, offset: BigInt(source.offset) },
    value: encoding === 'none' ? null : Buffer.from(value, encoding === 'base64' ? 'base64' : 'utf8'),
    isTruncated: truncated,
  };
}

function decodeJson(
  value: Buffer | null,
): { json: string; identity: { type?: string; id?: string } } | undefined {
  if (value === null) return undefined;
  try {
    const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
    const parsed: unknown = JSON.parse(json);
    const identity: { type?: string; id?: string } = {};
    if (typeof parsed === 'object' && parsed !== null) {
      const { type, id } = parsed as { type?: unknown; id?: unknown };
      if (typeof type === 'string') identity.type = clip(type, MAX_CODE_CHARS);
      if (typeof id === 'string') identity.id = clip(id, MAX_CODE_CHARS);
    }
    return { json, identity };
  } catch {
    return undefined;
  }
}

function clip(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 1)}…`;
}

function clipHeaders(headers: Record<string, string>): Record<string, string> {
  let room = MAX_HEADERS_CHARS;
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.length >= room) break;
    kept[name] = clip(value, room - name.length);
    room -= name.length + kept[name].length;
  }
  return kept;
}

/** Sends dead letters, and waits until the broker has them: only then may the source be counted as processed. */
export class DeadLetterWriter {
  readonly #producer: RecordProducer;
  readonly #topic: string;

  constructor(producer: RecordProducer, deadLetterTopic: string) {
    this.#producer = producer;
    this.#topic = deadLetterTopic;
  }

  /** @throws KafkaUnavailableError | KafkaRejectedError: the record is then neither processed nor put away */
  async write(record: KafkaRecord, reason: string, detail: string): Promise<void> {
    await this.#producer.send([toDeadLetter(record, reason, detail, this.#topic)]);
  }
}
