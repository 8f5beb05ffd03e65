import type { Population } from './workload.js';

/** Sizes of all benchmarks in one place. The environment reduces them for trials. */

/** A number above 0 from the environment. @throws RangeError when it is none */
function numberFromEnv(name: string, fallback: number): number {
  const text = process.env[name];
  if (!text) return fallback;
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new RangeError(`${name} must be a number above 0, not ${text}`);
  return value;
}

export const SEED = 20_261_123;
/** Of each topic, and so the number of lanes. */
export const PARTITIONS = 12;

export const POPULATION: Population = {
  firstMain: 0,
  mainAccounts: numberFromEnv('BENCH_MAIN_ACCOUNTS', 1_000),
  subAccountsEach: 10,
  limit: 100_000,
};
/** One main account that gets the whole load, beside the population. */
export const HOT: Population = { ...POPULATION, firstMain: 500_000, mainAccounts: 1 };
/** One main account with many sub-accounts, whose month starts. */
export const ROLLED: Population = {
  firstMain: 600_000,
  mainAccounts: 1,
  subAccountsEach: numberFromEnv('BENCH_SUB_ACCOUNTS', 10_000),
  limit: 100,
};

/** Records of one measured drain. */
/** Customers whose holds end at one instant. */
export const HOLDERS: Population = {
  firstMain: 500_000,
  mainAccounts: 1_000,
  subAccountsEach: 10,
  limit: 10_000,
};
export const HOLDS_AT_ONCE = numberFromEnv('BENCH_HOLDS', 100_000);

export const recordCount = (fallback: number): number => numberFromEnv('BENCH_RECORDS', fallback);

export const LATENCY = {
  commandsPerSecond: numberFromEnv('BENCH_RATE', 500),
  seconds: numberFromEnv('BENCH_SECONDS', 60),
  warmUpSeconds: numberFromEnv('BENCH_WARM_UP', 10),
};

/** Customers whose messages are held for, opened through the gateway; and at which rate. */
export const HOLDS = {
  mainAccounts: numberFromEnv('BENCH_HOLD_MAIN_ACCOUNTS', 40),
  subAccountsEach: 10,
  holdsPerSecond: numberFromEnv('BENCH_RATE', 500),
  seconds: numberFromEnv('BENCH_SECONDS', 30),
  warmUpSeconds: numberFromEnv('BENCH_WARM_UP', 15),
};

/** The gateway's requests: reads of one customer in a closed loop, writes of many at a fixed rate. */
export const GATEWAY = {
  /** Of the customer that is read. */
  subAccounts: numberFromEnv('BENCH_SUB_ACCOUNTS', 1_000),
  pageSize: 100,
  connections: numberFromEnv('BENCH_CONNECTIONS', 16),
  /** Alternating rounds of gateway and floor. The median counts. */
  rounds: 3,
  seconds: numberFromEnv('BENCH_SECONDS', 8),
  /** Customers whose limits are changed. */
  mainAccounts: numberFromEnv('BENCH_MAIN_ACCOUNTS', 20),
  subAccountsEach: 5,
  writesPerSecond: numberFromEnv('BENCH_RATE', 200),
  writeSeconds: numberFromEnv('BENCH_WRITE_SECONDS', 30),
  /** Includes the compilers of all processes, which are slow at this rate. */
  warmUpSeconds: numberFromEnv('BENCH_WARM_UP', 40),
  /** Beside logins. */
  readsPerSecond: 100,
  /** Which of its parts run: all, or some for profiles of them. */
  parts: (process.env.BENCH_PARTS ?? 'reads,writes,logins').split(','),
};

export const GROWTH = {
  transfers: numberFromEnv('BENCH_TRANSFERS', 5_000_000),
  /** Main accounts in the large books. */
  mainAccounts: numberFromEnv('BENCH_MANY_MAIN_ACCOUNTS', 100_000),
  /** Whether the filled books are checked. */
  audit: Boolean(process.env.BENCH_AUDIT),
};

export const ENDURANCE = {
  minutes: numberFromEnv('BENCH_MINUTES', 10),
  /** Records that wait in the topics at any time. */
  backlog: numberFromEnv('BENCH_BACKLOG', 20_000),
};

/** Books to reconcile. */
export const RECONCILED = {
  mainAccounts: 1_000,
  subAccountsEach: 10,
  months: 13,
  transfers: numberFromEnv('BENCH_TRANSFERS', 1_000_000),
};

/** The mirror of the SMS service's SDK, and its targets. */
export const UPSTREAM = {
  subAccounts: numberFromEnv('BENCH_SUB_ACCOUNTS', 1_000_000),
  recordsPerSecond: 100_000,
  memoryMb: 600,
  checkNs: 10_000,
};

/** Maximum resident memory of the ledger's process. */
export const MEMORY_TARGET_MB = 350;

/** Messages of the file that is downloaded. */
export const CSV_ROWS = numberFromEnv('BENCH_ROWS', 1_000_000);
/** Messages for the log, each with a status, some with a refund. */
export const LOG_MESSAGES = numberFromEnv('BENCH_MESSAGES', 200_000);
/** Maximum resident memory of the gateway while it sends the file. */
export const CSV_MEMORY_TARGET_MB = 150;
