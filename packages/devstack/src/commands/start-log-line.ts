import { LOG_LEVELS, type LogLevel } from '../output.js';

/** Fields that are not shown in a terminal, because the prefix says the same. */
const DULL = new Set(['level', 'time', 'pid', 'hostname', 'service', 'msg', 'err']);
const MAX_FIELDS_LENGTH = 300;

/** A line of a service's log, or its text alone where it is not one (the stack of a crash). */
export interface LogLine {
  /** Absent if the line has none. Such a line is always shown. */
  readonly level?: LogLevel;
  /** For human eyes: `WARN lane 3 is behind (lagMs=5200)`. */
  readonly text: string;
}

/** Reads a line of pino, whose level is a number or, as our services have it, a name. */
export function readLogLine(line: string): LogLine {
  const entry = parse(line);
  const level = entry === undefined ? undefined : levelOf(entry.level);
  if (entry === undefined || level === undefined) return { text: line };
  const { msg = '', err } = entry;
  const reason = (err as { message?: string } | undefined)?.message;
  const fields = Object.entries(entry)
    .filter(([key]) => !DULL.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const tail = `${reason === undefined ? '' : `: ${reason}`}${fields === '' ? '' : ` (${fields.slice(0, MAX_FIELDS_LENGTH)})`}`;
  return { level, text: `${level.toUpperCase()} ${String(msg)}${tail}` };
}

/** Whether a line of this level is shown if `least` is the lowest level shown. */
export function isShown({ level }: LogLine, least: LogLevel): boolean {
  return level === undefined || LOG_LEVELS[level] >= LOG_LEVELS[least];
}

function levelOf(value: unknown): LogLevel | undefined {
  const names = Object.keys(LOG_LEVELS) as LogLevel[];
  return names.find((name) => name === value || LOG_LEVELS[name] === value);
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
