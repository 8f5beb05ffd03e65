/**
 * Names of values that are never logged: credentials, and customers' texts and recipients (design, section 8). Names
 * are compared without case, dashes and underscores.
 */
const SENSITIVE_NAMES = new Set([
  'key',
  'keys',
  'content',
  'contents',
  'recipient',
  'recipients',
  'passwd',
  'passphrase',
  'credentials',
  'sessionid',
  'hash',
  'dsn',
]);
const SENSITIVE_ENDINGS = [
  'password',
  'passwords',
  'secret',
  'secrets',
  'token',
  'tokens',
  'apikey',
  'apikeys',
  'privatekey',
  'secretkey',
  'accesskey',
  'authorization',
  'cookie',
  'cookies',
  'passwordhash',
  'keyhash',
];
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;
export const REDACTED = '[redacted]';

/** Whether the value under this name must not be logged. */
export function isSensitiveName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_]/g, '');
  return SENSITIVE_NAMES.has(plain) || SENSITIVE_ENDINGS.some((ending) => plain.endsWith(ending));
}

/**
 * A copy of `value` without sensitive fields, at any depth (pino's own `redact` needs each path). Deep, wide and
 * circular values are shortened, and buffers are replaced by their size.
 */
export function redact(value: unknown, depth = 0, seen: readonly object[] = []): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (seen.includes(value)) return '[circular]';
  if (depth >= MAX_DEPTH) return '[deep]';
  const path = [...seen, value];
  if (value instanceof Error) return redactError(value, depth, path);
  if (value instanceof Map) return redact(Object.fromEntries(value), depth, seen);
  if (value instanceof Set || Array.isArray(value)) {
    const items = [...value];
    const kept = items.slice(0, MAX_ITEMS).map((item) => redact(item, depth + 1, path));
    return items.length > MAX_ITEMS ? [...kept, `[${items.length - MAX_ITEMS} more]`] : kept;
  }
  return redactFields(value, depth, path);
}

function redactFields(value: object, depth: number, path: readonly object[]): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    copy[name] = isSensitiveName(name) ? REDACTED : redact(field, depth + 1, path);
  }
  return copy;
}

function redactError(error: Error, depth: number, path: readonly object[]): Record<string, unknown> {
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...redactFields(error, depth, path),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1, path) }),
    ...(error instanceof AggregateError ? { errors: redact(error.errors, depth + 1, path) } : {}),
  };
}

/** Removes credentials inside free text: in URLs, and in bearer or basic authorization values. */
export function scrubText(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s"'\\/@]+@/gi, `$1${REDACTED}@`)
    .replace(/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${REDACTED}`);
}
