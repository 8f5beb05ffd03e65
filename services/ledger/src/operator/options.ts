import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from '@subledger/service-kit';

/**
 * Node's `parseArgs` with clear messages.
 * @throws UsageError if an option is wrong
 */
export function parseOptions<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
  usage: string,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${usage}`);
  }
}

/**
 * A lane's number from the command line.
 * @throws UsageError if there is no such lane
 */
export function laneNumber(text: string, partitions: number): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < partitions) return Number(text);
  throw new UsageError(
    `There is no lane "${text}": lanes are 0 to ${partitions - 1}, one per partition (KAFKA_PARTITIONS is ${partitions}).`,
  );
}

/**
 * Seconds from the command line, in milliseconds.
 * @throws UsageError if they are not a number
 */
export function seconds(option: string, text: string): number {
  const count = Number(text);
  if (text.trim() !== '' && Number.isFinite(count) && count >= 0 && count <= 86_400) return count * 1_000;
  throw new UsageError(`--${option} must be seconds, 0 to 86400, not "${text}".`);
}
