import type { KafkaRecord, OutgoingRecord } from '../config.js';
import type { DeadLetterSeal } from './dead-letter-seal.js';
import type { RecordProducer } from './record-producer.js';

/** The source of a dead letter, and the reason for it. */
export interface DeadLetter {
  source: { topic: string; partition: number; offset: bigint };
  /** A code, such as `invalid-json`. */
  reason: string;
  /** For operators. It never quotes the record. */
  detail: string;
  /** Of the CloudEvent, if it could be read. */
  type?: string;
  id?: string;
}

/** A dead letter with its record. */
export interface ParsedDeadLetter extends DeadLetter {
  key: string | null;
  headers: Record<string, string>;
  timestampMs: number;
  /** The original bytes, or only their beginning if `isTruncated`. Null also if the letter stayed sealed. */
  value: Buffer | null;
  /** Bytes of the original value. */
  valueBytes: number;
  isTruncated: boolean;
  /** The letter was sealed with another key: `headers` and `value` are missing, and `key` unless it is public. */
  isSealed: boolean;
}

/** Fits, with its headers, the broker's default `message.max.bytes` of 1,048,588. */
const MAX_VALUE_BYTES = 900_000;
/** Maximum size of the document beside the value: JSON of key, headers and detail, in the worst case escaped. */
const MAX_KEY_CHARS = 4_096;
const MAX_DETAIL_CHARS = 2_000;
const MAX_CODE_CHARS = 200;
const MAX_HEADERS_CHARS = 16_384;
const HEADER = 'dead-letter-';
/** Bytes that hold the length of the sealed JSON. The value follows it. */
const LENGTH_BYTES = 4;

/**
 * The readable fields of a record: an account's id, a CloudEvent's type and id. All other fields may have any
 * content.
 */
const PUBLIC_KEY = /^[a-z]{2}_[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/;
const PUBLIC_TYPE = /^[0-9A-Za-z][0-9A-Za-z._-]{0,127}$/;
const PUBLIC_ID = /^[\x21-\x7e]{1,128}$/;

/** The record's position, as the seal binds it. */
const placeOf = (
  source: { topic: string; partition: number; offset: unknown },
  timestampMs: number,
): string => `${source.topic}:${source.partition}:${source.offset}@${timestampMs}`;

/**
 * Makes the dead letter of a record that could not be processed (docs/decisions/0028). Its value is a JSON document.
 * Readable are the record's position, the reason, and the ids by which its sender knows it. Sealed are the record's
 * own key, headers and value. If the value does not fit, only its beginning is kept (`truncated`, `valueBytes`). The
 * source position says where the complete record is, as long as the topic keeps it.
 *
 * Pure, so that the ledger can publish it in its own transaction.
 */
export function toDeadLetter(
  record: KafkaRecord,
  reason: string,
  detail: string,
  deadLetterTopic: string,
  seal: DeadLetterSeal,
): OutgoingRecord {
  const source = { topic: record.topic, partition: record.partition, offset: String(record.offset) };
  const code = clip(reason, MAX_CODE_CHARS);
  const headers = clipHeaders(record.headers);
  const publicKey = record.key !== null && PUBLIC_KEY.test(record.key) ? record.key : null;
  const base = {
    source,
    reason: code,
    detail: clip(detail, MAX_DETAIL_CHARS),
    ...identityOf(record.value),
    key: publicKey,
    headers: {},
    timestampMs: record.timestampMs,
    valueBytes: record.value?.length ?? 0,
    encoding: 'sealed',
  };
  const { plain, truncated } = sealable(record, headers, Buffer.byteLength(JSON.stringify(base)));
  return {
    topic: deadLetterTopic,
    key: publicKey,
    value: JSON.stringify({
      ...base,
      truncated,
      value: seal.seal(plain, placeOf(source, record.timestampMs)),
    }),
    headers: {
      [`${HEADER}topic`]: source.topic,
      [`${HEADER}partition`]: String(source.partition),
      [`${HEADER}offset`]: source.offset,
      [`${HEADER}reason`]: encodeURI(code),
      [`${HEADER}timestamp`]: new Date(record.timestampMs).toISOString(),
      ...(headers.traceparent ? { traceparent: headers.traceparent } : {}),
    },
  };
}

/** Length and JSON of key and headers, followed by the bytes of the value as far as they fit. */
function sealable(
  { key, value }: KafkaRecord,
  headers: Record<string, string>,
  bytesAround: number,
): { plain: Buffer; truncated: boolean } {
  const frame = { key: key === null ? null : clip(key, MAX_KEY_CHARS), headers, hasValue: value !== null };
  const json = Buffer.from(JSON.stringify(frame));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(json.length);
  // Base64 encodes three bytes as four.
  const capacity = Math.floor(((MAX_VALUE_BYTES - bytesAround) / 4) * 3) - json.length - 100;
  const kept = value === null || value.length <= capacity ? value : value.subarray(0, capacity);
  const plain = Buffer.concat([length, json, ...(kept ? [kept] : [])]);
  return { plain, truncated: kept !== value };
}

/**
 * Reads a dead letter that `toDeadLetter` made, or an older one that is not sealed.
 * @throws SyntaxError | TypeError if the record is not a dead letter
 */
export function parseDeadLetter(record: Pick<KafkaRecord, 'value'>, seal: DeadLetterSeal): ParsedDeadLetter {
  const { source, encoding, truncated, value, ...rest } = JSON.parse(
    record.value?.toString('utf8') ?? 'null',
  );
  const letter = { ...rest, source: { ...source, offset: BigInt(source.offset) }, isTruncated: truncated };
  if (encoding !== 'sealed') {
    const bytes = encoding === 'none' ? null : Buffer.from(value, encoding === 'base64' ? 'base64' : 'utf8');
    return { ...letter, value: bytes, isSealed: false };
  }
  const plain = seal.open(value, placeOf(source, rest.timestampMs));
  if (!plain) return { ...letter, value: null, isSealed: true };
  const end = LENGTH_BYTES + plain.readUInt32BE();
  const { key, headers, hasValue } = JSON.parse(plain.toString('utf8', LENGTH_BYTES, end));
  return { ...letter, key, headers, value: hasValue ? plain.subarray(end) : null, isSealed: false };
}

/** The CloudEvent's type and id, if they are well-formed. */
function identityOf(value: Buffer | null): { type?: string; id?: string } {
  if (value === null) return {};
  try {
    const parsed: unknown = JSON.parse(value.toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null) return {};
    const { type, id } = parsed as { type?: unknown; id?: unknown };
    return {
      ...(typeof type === 'string' && PUBLIC_TYPE.test(type) ? { type } : {}),
      ...(typeof id === 'string' && PUBLIC_ID.test(id) ? { id } : {}),
    };
  } catch {
    return {};
  }
}

function clip(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 1)}…`;
}

function clipHeaders(headers: Record<string, string>): Record<string, string> {
  let charsLeft = MAX_HEADERS_CHARS;
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.length >= charsLeft) break;
    kept[name] = clip(value, charsLeft - name.length);
    charsLeft -= name.length + kept[name].length;
  }
  return kept;
}

/** Writes dead letters and waits until the broker has them. Only then may the source record count as processed. */
export class DeadLetterWriter {
  readonly #producer: RecordProducer;
  readonly #topic: string;
  readonly #seal: DeadLetterSeal;

  constructor(producer: RecordProducer, deadLetterTopic: string, seal: DeadLetterSeal) {
    this.#producer = producer;
    this.#topic = deadLetterTopic;
    this.#seal = seal;
  }

  /**
   * Dead-letters a record.
   * @throws KafkaUnavailableError | KafkaRejectedError if it was not written: the record must not count as processed
   */
  async write(record: KafkaRecord, reason: string, detail: string): Promise<void> {
    await this.#producer.send([toDeadLetter(record, reason, detail, this.#topic, this.#seal)]);
  }
}
