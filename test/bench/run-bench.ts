import { execFile } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { promisify } from 'node:util';
import { BARE_HTTP, runBareHttp } from './bare-http.js';
import { BARE_PIPELINE, runBarePipeline } from './bare-pipeline.js';
import { benchCsv } from './csv.js';
import { benchEndurance } from './endurance.js';
import { benchExpiry } from './expiry.js';
import { benchGateway } from './gateway.js';
import { benchGrowth } from './growth.js';
import { benchHolds } from './holds.js';
import { benchHot } from './hot.js';
import { benchLatency } from './latency.js';
import { benchLedger, benchUsage } from './ledger.js';
import { benchMessageLog } from './message-log.js';
import { benchReconcile } from './reconcile.js';
import { spreads } from './repeats.js';
import { benchRoll } from './roll.js';
import { benchStorage } from './storage.js';
import { benchUpstream } from './upstream.js';
import { UPSTREAM_PARTS } from './upstream-parts.js';

interface Benchmark {
  readonly run: () => Promise<Record<string, unknown>>;
  readonly says: string;
}

/** Each prints one JSON line with its figures, its targets, and the same-run floor. */
const BENCHES: Record<string, Benchmark> = {
  ledger: { run: benchLedger, says: 'moves/s, 1,000 main accounts, mixed load (BENCH_RECORDS)' },
  usage: { run: benchUsage, says: 'moves/s, the same with message facts alone (BENCH_RECORDS)' },
  hot: { run: benchHot, says: 'moves/s of one main account, so of one lane (BENCH_RECORDS)' },
  roll: { run: benchRoll, says: 'a month start of 10,000 sub-accounts (BENCH_SUB_ACCOUNTS)' },
  storage: { run: benchStorage, says: 'bytes of a move on disk and in the log (BENCH_RECORDS)' },
  latency: { run: benchLatency, says: 'command to event, open loop (BENCH_RATE, BENCH_SECONDS)' },
  holds: { run: benchHolds, says: 'POST /v1/…/holds, open loop (BENCH_RATE, BENCH_SECONDS)' },
  expiry: { run: benchExpiry, says: 'holds that end at one instant (BENCH_HOLDS)' },
  gateway: {
    run: benchGateway,
    says: 'reads/s, writes and reads beside logins over REST (BENCH_SECONDS, BENCH_RATE)',
  },
  growth: {
    run: benchGrowth,
    says: 'young against old and against many books (BENCH_TRANSFERS, BENCH_MANY_MAIN_ACCOUNTS)',
  },
  reconcile: { run: benchReconcile, says: 'all checks over generated books (BENCH_TRANSFERS)' },
  upstream: { run: benchUpstream, says: 'the SDK with 1,000,000 sub-accounts (BENCH_SUB_ACCOUNTS)' },
  'message-log': { run: benchMessageLog, says: 'messages/s into the log beside a ledger (BENCH_MESSAGES)' },
  csv: { run: benchCsv, says: 'download of the log against COPY, and memory (BENCH_ROWS)' },
  endurance: { run: benchEndurance, says: 'memory and moves/s over time at full rate (BENCH_MINUTES)' },
};

const [name = '', option, count] = process.argv.slice(2);
const runs = option === undefined ? 1 : Number(count);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
const part = UPSTREAM_PARTS[name];
// Parts run in their own processes: the floors like the services, the SDK because of its memory.
if (name === BARE_PIPELINE) await runBarePipeline();
else if (name === BARE_HTTP) await runBareHttp();
else if (part) process.send?.(await part());
else if (bench && option === undefined) {
  // Average of the previous minute: other load on the machine.
  const loadBefore = loadavg()[0];
  const figures = await bench.run();
  const machine = { cpus: cpus().length, node: process.version, loadBefore };
  console.log(JSON.stringify({ bench: name, ...figures, ...machine }));
} else if (bench && option === '--runs' && Number.isInteger(runs) && runs > 0) {
  await repeat(name, runs);
} else {
  const lines = Object.entries(BENCHES).map(([each, { says }]) => `  ${each.padEnd(11)} ${says}`);
  console.error(`npm run bench -- <name> [--runs <count>], one of:\n${lines.join('\n')}`);
  process.exitCode = 2;
}

/**
 * Each run in its own process and on its own servers, one after the other, so that none is warmer than the others.
 */
async function repeat(bench: string, count: number): Promise<void> {
  const figures: object[] = [];
  for (let run = 1; run <= count; run += 1) {
    const child = promisify(execFile)(process.execPath, [
      ...process.execArgv,
      process.argv[1] as string,
      bench,
    ]);
    child.child.stderr?.pipe(process.stderr);
    const line = (await child).stdout.trim().split('\n').at(-1) as string;
    console.log(line);
    figures.push(JSON.parse(line));
  }
  console.log(JSON.stringify({ bench, runs: count, spreads: spreads(figures) }));
}
