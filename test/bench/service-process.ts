import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launchOf, repositoryRoot } from '@subledger/testing';
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
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 60_000;
const POLL_MS = 100;
const STOP_WITHIN_MS = 30_000;
/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** Starts a built service with the `config` of its package.json and waits until it is ready. */
export function startService(name: string, env: Readonly<Record<string, string>>): Promise<RunningService> {
  const launch = launchOf(name);
  // SERVICE_NODE_ARGS is for the measured services only: profiles, heap limits.
  const extra = (process.env.SERVICE_NODE_ARGS ?? '').split(' ').filter(Boolean);
  const script = join(repositoryRoot(), 'services', name, 'dist/main.js');
  return startProcess(name, [...launch.nodeArgs, ...extra, script], {
    ...launch.env,
    ...process.env,
    ...env,
  });
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

/** Starts a Node process that sends `{ type: 'ready' }`. @throws Error when it ends before, or takes too long */
export async function startProcess(
  name: string,
  nodeArgs: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<RunningService> {
  const child = spawn(process.execPath, nodeArgs, {
    env: { NODE_ENV: 'development', LOG_LEVEL: 'warn', OPS_PORT: '0', ...env },
    // Its output goes to our standard error, because standard output is for the figures only.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const killNow = () => child.kill('SIGKILL');
  process.once('exit', killNow);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve())).finally(() =>
    process.off('exit', killNow),
  );
  const ports = await untilReady(name, child);
  const pid = child.pid as number;
  return {
    pid,
    ports,
    memoryMb: () => statusMb(pid, 'VmRSS'),
    peakMemoryMb: () => statusMb(pid, 'VmHWM'),
    cpuSeconds: () => cpuSeconds(pid),
    metric: (metric) => readMetric(ports.ops ?? 0, metric),
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(killNow, STOP_WITHIN_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

function untilReady(name: string, child: ChildProcess): Promise<Record<string, number>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${name} was not ready within ${READY_WITHIN_MS} ms`));
    }, READY_WITHIN_MS);
    child.on('message', ({ type, ...ports }: { type?: string } & Record<string, number>) => {
      if (type !== 'ready') return;
      clearTimeout(timer);
      resolve(ports);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended with code ${code} before it was ready`));
    });
  });
}

/**
 * Waits until a ledger has taken its lanes over, which is after it is ready.
 * @throws Error if it takes too long
 */
export async function untilLanesRun(ledger: RunningService, lanes: number): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while ((await ledger.metric('ledger_takeovers_total')) < lanes) {
    if (performance.now() > deadline) throw new Error(`no ${lanes} lanes within ${READY_WITHIN_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
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
