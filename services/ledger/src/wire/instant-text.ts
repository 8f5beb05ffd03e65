let lastMs = Number.NaN;
let lastText = '';

/**
 * Milliseconds since 1970 as an ISO instant in UTC. The broker stamps all records of a produced batch alike, so the
 * last answer is kept.
 */
export function instantText(epochMs: number): string {
  if (epochMs !== lastMs) {
    lastText = new Date(epochMs).toISOString();
    lastMs = epochMs;
  }
  return lastText;
}
