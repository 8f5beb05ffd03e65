/** Fields whose text goes nowhere: what a customer wrote to somebody. */
const SECRET_FIELDS = new Set(['content']);

/** The same JSON with the content of messages taken out, whatever it is nested in. */
function redact(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(redact);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      SECRET_FIELDS.has(name) ? '[redacted]' : redact(value),
    ]),
  );
}

/** A record's value for the eye. What is no JSON object may be a message's content in pieces, and is not shown at all. */
export function redactedValue(value: Buffer | null): string[] {
  if (value === null) return ['(none)'];
  const json = objectIn(value);
  if (json !== null) return JSON.stringify(redact(json), null, 2).split('\n');
  return [`(${value.length} bytes that are no JSON object; not shown: they may be the content of a message)`];
}

function objectIn(value: Buffer): object | null {
  try {
    const json: unknown = JSON.parse(value.toString('utf8'));
    return typeof json === 'object' && !Array.isArray(json) ? json : null;
  } catch {
    return null;
  }
}
