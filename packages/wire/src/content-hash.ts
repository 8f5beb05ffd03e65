import { hash } from 'node:crypto';

/** 128 bits of SHA-256: enough that two commands never have the same hash by chance. */
const HEX_DIGITS = 32;

/**
 * Hash of a command's content: its type and data with sorted keys, after the contract's defaults, so that the same
 * request in another notation has the same hash.
 */
export function contentHash(type: string, data: unknown): string {
  return hash('sha256', `${type}\n${canonicalJson(data)}`, 'hex').slice(0, HEX_DIGITS);
}

/** JSON with the keys of every object sorted. Absent and undefined fields are the same. */
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
