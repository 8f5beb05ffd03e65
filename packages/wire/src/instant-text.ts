const MAX_KEPT = 256;
const kept = new Map<number, string>();

/**
 * Milliseconds since 1970 as an ISO instant in UTC. The last results are kept, because the broker stamps all records
 * of a produced batch alike, and there are few different month starts.
 */
export function instantText(epochMs: number): string {
  let text = kept.get(epochMs);
  if (text === undefined) {
    text = new Date(epochMs).toISOString();
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(epochMs, text);
  }
  return text;
}
