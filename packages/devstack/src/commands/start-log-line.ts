import { LOG_LEVELS, type LogLevel } from '../output.js';

/** Fields of every line that say nothing in a terminal where the name stands in front. */
const DULL = new Set(['level', 'time', 'pid', 'hostname', 'service', 'name', 'msg', 'err', 'v']);
const MAX_FIELDS_LENGTH = 300;

/** A line of pino for human eyes: `WARN lane 3 is behind (lagMs=5200)`. Other lines stay as they are. */
export function readableLine(line: string): string {
  const entry = parse(line);
  if (entry === undefined) return line;
  const { level, msg, err } = entry;
  const name = Object.keys(LOG_LEVELS).find((one) => LOG_LEVELS[one as LogLevel] === level) ?? String(level);
  const reason = typeof err === 'object' && err !== null ? (err as { message?: unknown }).message : undefined;
  const fields = Object.entries(entry)
    .filter(([key]) => !DULL.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const text = [name.toUpperCase(), msg, reason === undefined ? undefined : `: ${reason}`];
  const shown = fields === '' ? '' : ` (${fields.slice(0, MAX_FIELDS_LENGTH)})`;
  return `${text
    .filter((part) => part !== undefined)
    .join(' ')
    .replace(' : ', ': ')}${shown}`;
}

function parse(line: string): { level: number; msg?: unknown; err?: unknown } | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line);
    return typeof entry?.level === 'number' ? entry : undefined;
  } catch {
    return undefined;
  }
}
