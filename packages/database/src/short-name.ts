import { createHash } from 'node:crypto';

const names = new Map<string, string>();

/**
 * A name for a prepared statement, always the same one for the same key. PostgreSQL cuts names at 63 bytes, and two that
 * are cut alike would be one statement.
 *
 * @param prefix at most 40 characters
 * @param key what tells the statement from others, of any length: its text, or the names of its parts. There must be a
 *   bounded number of them: each is kept for the life of the process.
 */
export function shortName(prefix: string, key: string): string {
  let name = names.get(key);
  if (name === undefined) {
    name = `${prefix}-${createHash('sha256').update(key).digest('base64url').slice(0, 20)}`;
    names.set(key, name);
  }
  return name;
}
