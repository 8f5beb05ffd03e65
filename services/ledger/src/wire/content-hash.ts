import { hash } from 'node:crypto';

/** 128 of SHA-256's bits: enough that nobody finds two commands with one hash by chance. */
const HEX_DIGITS = 32;

/**
 * Hash of what a command asks for: its type and data with keys in order, after the contract's defaults, so that
 * the same request written differently is the same.
 */
export function contentHash(type: string, data: unknown): string {
  return hash('sha256', `${type}\n${canonicalJson(data)}`, 'hex').slice(0, HEX_DIGITS);
}

/** JSON with the keys of every object sorted; absent and undefined fields are the same. */
function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const fields = value as Record<string, unknown>;
  const parts: string[] = [];
  for (const key of Object.keys(fields).sort()) {
    if (fields[key] !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(fields[key])}`);
  }
  return `{${parts.join(',')}}`;
}
