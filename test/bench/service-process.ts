import { readFile } from 'node:fs/promises';
import { type ServiceName } from '@subledger/service-kit/installed-services';
import { eventually, type ServiceProcess, spawnNode, spawnService } from '@subledger/testing';
import { ratio } from './figures.js';

/** A measured process. Figures about memory and CPU are NaN on systems without /proc. */
export interface RunningService {
  readonly pid: number;
  /** Ports by name, as it announced them: `ops`, and the gateway's `gateway`. */
  readonly ports: Readonly<Record<string, number>>;
  /** Resident memory now, in MB. */
  memoryMb(): Promise<number>;
  /** Highest resident memory so far (VmHWM), in MB. */
  peakMemoryMb(): Promise<number>;
  /** CPU time so far, user and system, in seconds. */
  cpuSeconds(): Promise<number>;
  /** Sum of all samples of a metric on the ops port. */
  metric(name: string): Promise<number>;
  stop(): Promise<unknown>;
}

const READY_WITHIN_MS = 60_000;
const POLL_MS = 100;
const STOP_WITHIN_MS = 30_000;
/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** Standard output is for the figures alone. */
const OPTIONS = {
  output: 'pass-on',
  readyTimeoutMs: READY_WITHIN_MS,
  stopTimeoutMs: STOP_WITHIN_MS,
} as const;

const environment = (more: Readonly<Record<string, string>>): Record<string, string> => ({
  NODE_ENV: process.env.NODE_ENV ?? 'development',
  NODE_OPTIONS: process.env.NODE_OPTIONS ?? '',
  LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn',
  ...more,
});

/** Starts a built service with the `config` of its package.json and waits until it says that it is ready. */
export async function startService(
  name: ServiceName,
  env: Readonly<Record<string, string>>,
): Promise<RunningService> {
  // SERVICE_NODE_ARGS reaches the measured services alone: profiles, heap limits.
  const nodeArgs = (process.env.SERVICE_NODE_ARGS ?? '').split(' ').filter(Boolean);
  return measured(await spawnService(name, environment(env), { ...OPTIONS, nodeArgs }));
}

/** Starts a Node process that sends `{ type: 'ready' }`. @throws Error when it ends before, or takes too long */
export async function startProcess(
  name: string,
  nodeArgs: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<RunningService> {
  return measured(await spawnNode(name, nodeArgs, environment(env), OPTIONS));
}

/** The result of `run`, and how many processor cores each service used meanwhile. */
export async function withCores<Result extends object>(
  services: Readonly<Record<string, Pick<RunningService, 'cpuSeconds'>>>,
  run: () => Promise<Result>,
): Promise<Result & { readonly cores: Readonly<Record<string, number>> }> {
  const used = () => Promise.all(Object.values(services).map((service) => service.cpuSeconds()));
  const before = await used();
  const began = performance.now();
  const result = await run();
  const seconds = (performance.now() - began) / 1_000;
  const after = await used();
  const cores = Object.keys(services).map((name, i) => [
    name,
    ratio((after[i] ?? 0) - (before[i] ?? 0), seconds),
  ]);
  return { ...result, cores: Object.fromEntries(cores) };
}

function measured(process: ServiceProcess): RunningService {
  const { pid, ports } = process;
  return {
    pid,
    ports,
    memoryMb: () => statusMb(pid, 'VmRSS'),
    peakMemoryMb: () => statusMb(pid, 'VmHWM'),
    cpuSeconds: () => cpuSeconds(pid),
    metric: (metric) => readMetric(ports.ops ?? 0, metric),
    stop: () => process.stop(),
  };
}

/**
 * Waits until a ledger has taken its lanes over, which is after it is ready.
 * @throws Error if it takes too long
 */
export async function untilLanesRun(ledger: RunningService, lanes: number): Promise<void> {
  await eventually(async () => (await ledger.metric('ledger_takeovers_total')) >= lanes, {
    timeoutMs: READY_WITHIN_MS,
    everyMs: POLL_MS,
    what: `a takeover of ${lanes} lanes`,
  });
}

async function statusMb(pid: number, field: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) / 1_024;
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, in parentheses, may contain spaces; utime and stime are the 12th and 13th field after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function readMetric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const samples = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
