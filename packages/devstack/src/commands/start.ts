import { parseArgs } from 'node:util';
import type { Command } from '../command.js';
import { runDemo } from '../demo/demo.js';
import { DevstackError } from '../devstack-error.js';
import type { LogLevel } from '../output.js';
import { stopSignals } from '../stop-signals.js';
import type { DevJson } from './start-dev-json.js';
import { homeFromEnv } from './start-paths.js';
import { LocalSystem } from './start-system.js';

/** A signal's exit code, as shells count it: 128 + 2 for Ctrl-C. */
const KILLED = 130;

const OPTIONS = {
  'no-demo': { type: 'boolean', default: false },
  verbose: { type: 'boolean', short: 'v', default: false },
} as const;

export const start: Command = {
  name: 'start',
  summary: 'everything in one terminal, with a demo (--no-demo: empty, --verbose: all logs)',
  async run(args) {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    return runSystem({ demo: !values['no-demo'], showLevel: values.verbose ? 'info' : 'warn' });
  },
};

export interface RunOptions {
  readonly demo: boolean;
  readonly showLevel: LogLevel;
  /** True: if a service stops by itself, the rest continues. */
  readonly keepGoing?: boolean;
  /** Runs beside the system once it is up, until the signal is aborted. */
  readonly beside?: (system: LocalSystem, signal: AbortSignal) => Promise<void>;
}

/**
 * Starts the system, runs the demo, and stays until Ctrl-C.
 *
 * @throws DevstackError if it does not start, or a part of it stops by itself; then everything is stopped
 */
export async function runSystem(options: RunOptions): Promise<number> {
  const home = homeFromEnv();
  const say = (line: string): void => console.log(line);
  const colour = process.stdout.isTTY === true && !process.env.NO_COLOR;
  const { showLevel, keepGoing = false } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const system = new LocalSystem({
    home,
    env: process.env,
    say,
    write: say,
    colour,
    showLevel,
    keepGoing,
    signal,
  });
  const signals = stopSignals(() => {
    system.kill();
    process.exit(KILLED);
  });
  const work = runUntilStopped(system, options, signal, say);
  try {
    const ended = await Promise.race([signals.first, system.failed, work]);
    if (typeof ended === 'object') throw failure(ended);
    say('\nStopping …');
  } finally {
    stopping.abort();
    await work.catch(() => {});
    await system.stop();
    signals.release();
  }
  say(`Stopped. The data stays in ${home}; the next start goes on with it.`);
  return 0;
}

const failure = ({ name, how, lastLines }: { name: string; how: string; lastLines: string }): DevstackError =>
  new DevstackError(`${name} stopped by itself (${how}), so everything was stopped.\n${lastLines}`.trimEnd());

/** Never resolves by itself: ends with the signal, or throws when the start fails. */
async function runUntilStopped(
  system: LocalSystem,
  { demo, beside }: RunOptions,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<never> {
  const dev = await system.start();
  if (!signal.aborted) await whileUp(system, dev, demo, beside, signal, say);
  return new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

async function whileUp(
  system: LocalSystem,
  dev: DevJson,
  demo: boolean,
  beside: RunOptions['beside'],
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  printAddresses(dev, say);
  const others = beside?.(system, signal);
  if (!demo)
    say(
      `Everything is up, ${(await hasCustomers(dev)) ? 'with the data that was there' : 'and empty'}. Ctrl-C stops it.`,
    );
  await Promise.all([others, demo ? showDemo(system, dev, signal, say) : undefined]);
}

async function hasCustomers({ gatewayUrl, operator }: DevJson): Promise<boolean> {
  const headers = { authorization: `Bearer ${operator.apiKey}` };
  const response = await fetch(`${gatewayUrl}/v1/main-accounts?limit=1`, { headers });
  if (!response.ok) throw new DevstackError(`The gateway answers ${response.status} to the operator's key.`);
  const { items } = (await response.json()) as { items: readonly unknown[] };
  return items.length > 0;
}

/** The system is useful without its demo, so a failed demo is only reported. */
async function showDemo(
  system: LocalSystem,
  dev: DevJson,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  try {
    await runDemo({
      dev,
      password: system.secrets.demoPassword,
      topicPrefix: process.env.KAFKA_TOPIC_PREFIX ?? '',
      schedulerEnvironment: system.environment('scheduler'),
      say,
      signal,
    });
  } catch (error) {
    if (!signal.aborted) say(`The demo stopped: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function printAddresses(dev: DevJson, say: (line: string) => void): void {
  const rows: [string, string][] = [
    ['API', dev.gatewayUrl],
    ['API reference', `${dev.gatewayUrl}/docs`],
    ['Operator', `login ${dev.operator.login}, password ${dev.operator.password}`],
    ['Operator key', dev.operator.apiKey],
    ['Upstream key', dev.upstream.apiKey],
    ['PostgreSQL', dev.databaseUrl],
    ['Kafka', dev.kafkaBrokers],
  ];
  say('');
  for (const [what, value] of rows) say(`  ${what.padEnd(14)} ${value}`);
  say('');
}
