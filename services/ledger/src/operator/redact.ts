import { COMMAND_DATA, envelope, MESSAGE_DATA } from '@subledger/contracts';

/** Message fields with a customer's text or its recipient. */
const PERSONAL_FIELDS: ReadonlySet<string> = new Set(['content', 'recipient', 'shortlinkUrl']);
/** Fields that the contracts name. An unknown field may be a misspelt personal one. */
const SHOWN_FIELDS: ReadonlySet<string> = new Set(
  [
    envelope.shape,
    ...[...Object.values(COMMAND_DATA), ...Object.values(MESSAGE_DATA)].map(({ shape }) => shape),
  ]
    .flatMap((shape) => Object.keys(shape))
    .filter((name) => !PERSONAL_FIELDS.has(name)),
);
const REDACTED = '[redacted]';

/** The same JSON without the texts and numbers of all other fields, at any depth. */
function redact(json: unknown): unknown {
  if (Array.isArray(json)) return json.map((item) => (isNested(item) ? redact(item) : REDACTED));
  return Object.fromEntries(
    Object.entries(json as object).map(([name, value]) => {
      if (PERSONAL_FIELDS.has(name)) return [name, REDACTED];
      if (isNested(value)) return [name, redact(value)];
      return [name, SHOWN_FIELDS.has(name) ? value : REDACTED];
    }),
  );
}

const isNested = (value: unknown): boolean => typeof value === 'object' && value !== null;

/**
 * A record's value for display. If it is not a JSON object, it may be part of a message's content, so it is not
 * shown.
 */
export function redactedValue(value: Buffer | null): string[] {
  if (value === null) return ['(none)'];
  const json = objectIn(value);
  if (json !== null) return JSON.stringify(redact(json), null, 2).split('\n');
  return [`(${value.length} bytes that are no JSON object; not shown: they may be the content of a message)`];
}

function objectIn(value: Buffer): object | null {
  try {
    const json: unknown = JSON.parse(value.toString('utf8'));
    return isNested(json) && !Array.isArray(json) ? (json as object) : null;
  } catch {
    return null;
  }
}
