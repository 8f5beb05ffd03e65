import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/** An answer of a handler. It is stored for repeats. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
}

/** A request's claim on its Idempotency-Key. */
export interface IdempotencyClaim {
  readonly scope: string;
  readonly route: string;
  readonly keyHash: Uint8Array<ArrayBuffer>;
  readonly requestHash: Uint8Array<ArrayBuffer>;
  /** Encrypts the stored answer. It is never stored. */
  readonly sealingKey: Buffer;
}

/**
 * Makes the claim of a request. All stored values are keyed with the caller's secret, which the database does not
 * have. So a password in a body cannot be guessed from its hash, and an API key in an answer cannot be read.
 *
 *
 * @param content parameters and body after validation, so that defaults make no difference
 */
export function claimOf(
  caller: { readonly credentialId: string; readonly secret: string },
  route: string,
  idempotencyKey: string,
  content: unknown,
): IdempotencyClaim {
  const keyed = (label: string, text: string) =>
    createHmac('sha256', caller.secret).update(`${label}\u0000${text}`).digest();
  return {
    scope: caller.credentialId,
    route,
    keyHash: new Uint8Array(keyed('idempotency-key', idempotencyKey)),
    requestHash: new Uint8Array(keyed('request', canonicalJson(content))),
    sealingKey: keyed('answer', idempotencyKey),
  };
}

/** JSON with sorted keys, because the order of a client's fields does not matter. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`);
  return `{${fields.join(',')}}`;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

export function sealAnswer(answer: Answer, key: Buffer): Uint8Array<ArrayBuffer> {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const text = Buffer.concat([cipher.update(JSON.stringify(answer), 'utf8'), cipher.final()]);
  return new Uint8Array(Buffer.concat([iv, cipher.getAuthTag(), text]));
}

/** @throws Error if the key is wrong or the bytes were changed */
export function openAnswer(sealed: Uint8Array, key: Buffer): Answer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES));
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  const text = Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  return JSON.parse(text.toString('utf8')) as Answer;
}
