import type { Readable } from 'node:stream';

/** Pino's numbers, in which services log. */
export const LOG_LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;
export type LogLevel = keyof typeof LOG_LEVELS;

/** Those of the 16 terminal colours that are readable on light and dark. */
const COLOURS = [36, 35, 33, 32, 34, 31] as const;

/** Longer lines are cut into pieces, so that a process that never ends its line does not fill our memory. */
const MAX_LINE = 256 * 1024;

/** The prefix of each line of a process, padded so that all lines are aligned. */
export function linePrefix(name: string, index: number, width: number, colour: boolean): string {
  const text = `${name.padEnd(width)} | `;
  return colour ? `\u001b[${COLOURS[index % COLOURS.length]}m${text}\u001b[0m` : text;
}

/**
 * Is the line to be shown? One that is a JSON object with a numeric `level` (pino) when the level is at
 * least `minLevel`; everything else always, as a crash does not come as JSON.
 */
export function passesLevel(line: string, minLevel: LogLevel): boolean {
  if (!line.startsWith('{')) return true;
  try {
    const { level } = JSON.parse(line) as { level?: unknown };
    return typeof level !== 'number' || level >= LOG_LEVELS[minLevel];
  } catch {
    return true;
  }
}

/** Calls `onLine` for each line of the stream, without the line break, and for a last line without one. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (rest.length > MAX_LINE) {
      onLine(rest);
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
