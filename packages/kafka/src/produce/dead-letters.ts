import type { KafkaRecord, OutgoingRecord } from '../config.js';
import type { DeadLetterSeal } from './dead-letter-seal.js';
import type { RecordProducer } from './record-producer.js';

/** Where a dead letter came from and why it is one. */
export interface DeadLetter {
  source: { topic: string; partition: number; offset: bigint };
  /** A code, such as `invalid-json`. */
  reason: string;
  /** For a human; never quotes the record. */
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
  /** The original bytes; only their beginning if `isTruncated`; null also where the letter stayed sealed. */
  value: Buffer | null;
  /** Bytes of the original value. */
  valueBytes: number;
  isTruncated: boolean;
  /** The seal is another one: `headers` and `value` are missing, and `key` where it is not public. */
  isSealed: boolean;
}

/** Fits, with its headers, the broker's default `message.max.bytes` of 1,048,588. */
const MAX_VALUE_BYTES = 900_000;
/** What the document may take besides the value: JSON of key, headers and detail, escaped at worst. */
const MAX_KEY_CHARS = 4_096;
const MAX_DETAIL_CHARS = 2_000;
const MAX_CODE_CHARS = 200;
const MAX_HEADERS_CHARS = 16_384;
const HEADER = 'dead-letter-';
/** Bytes that tell where the sealed JSON ends and the value begins. */
const LENGTH_BYTES = 4;

/** What stands in clear of a record: an account's id, a CloudEvent's type and id. Anything else may say whatever. */
const PUBLIC_KEY = /^[a-z]{2}_[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/;
const PUBLIC_TYPE = /^[0-9A-Za-z][0-9A-Za-z._-]{0,127}$/;
const PUBLIC_ID = /^[\x21-\x7e]{1,128}$/;

/** The record that a letter is of, as the seal binds it. */
const placeOf = (
  source: { topic: string; partition: number; offset: unknown },
  timestampMs: number,
): string => `${source.topic}:${source.partition}:${source.offset}@${timestampMs}`;

/**
 * The record that keeps what could not be processed. Its value is a JSON document: in clear, where the record lay, why
 * it is here, and the ids by which its sender knows it; sealed, the record's own key, headers and value. Of a value
 * that does not fit it has the beginning, and says so (`truncated`, `valueBytes`): the source position tells where the
 * whole is, for as long as the topic keeps it.
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

/** Length and JSON of key and headers, and behind them the bytes of the value, as far as they fit. */
function sealable(
  { key, value }: KafkaRecord,
  headers: Record<string, string>,
  bytesAround: number,
): { plain: Buffer; truncated: boolean } {
  const frame = { key: key === null ? null : clip(key, MAX_KEY_CHARS), headers, hasValue: value !== null };
  const json = Buffer.from(JSON.stringify(frame));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(json.length);
  // Base64 makes four bytes of three.
  const room = Math.floor(((MAX_VALUE_BYTES - bytesAround) / 4) * 3) - json.length - 100;
  const kept = value === null || value.length <= room ? value : value.subarray(0, room);
  const plain = Buffer.concat([length, json, ...(kept ? [kept] : [])]);
  return { plain, truncated: kept !== value };
}

/**
 * Reads back what `toDeadLetter` made; also letters of before, which were not sealed.
 * @throws SyntaxError | TypeError if the record is no dead letter
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

/** The CloudEvent's type and id, where they have the form of such. */
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
  readonly #seal: DeadLetterSeal;

  constructor(producer: RecordProducer, deadLetterTopic: string, seal: DeadLetterSeal) {
    this.#producer = producer;
    this.#topic = deadLetterTopic;
    this.#seal = seal;
  }

  /** @throws KafkaUnavailableError | KafkaRejectedError: the record is then neither processed nor dead-lettered */
  async write(record: KafkaRecord, reason: string, detail: string): Promise<void> {
    await this.#producer.send([toDeadLetter(record, reason, detail, this.#topic, this.#seal)]);
  }
}
