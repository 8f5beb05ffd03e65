import { cpus } from 'node:os';
import { BARE_PIPELINE, runBarePipeline } from './bare-pipeline.js';
import { benchCsv } from './csv.js';
import { benchEndurance } from './endurance.js';
import { benchGrowth } from './growth.js';
import { benchHot } from './hot.js';
import { benchLatency } from './latency.js';
import { benchLedger, benchUsage } from './ledger.js';
import { benchMessageLog } from './message-log.js';
import { benchRoll } from './roll.js';

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
  latency: { run: benchLatency, says: 'command to event, open loop (BENCH_RATE, BENCH_SECONDS)' },
  growth: {
    run: benchGrowth,
    says: 'young against old and against many books (BENCH_TRANSFERS, BENCH_MANY_MAIN_ACCOUNTS)',
  },
  'message-log': { run: benchMessageLog, says: 'messages/s into the log beside a ledger (BENCH_MESSAGES)' },
  csv: { run: benchCsv, says: 'download of the log against COPY, and memory (BENCH_ROWS)' },
  endurance: { run: benchEndurance, says: 'memory and moves/s over time at full rate (BENCH_MINUTES)' },
};

const name = process.argv[2] ?? '';
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
// The latency's floor runs in a process of its own, as the ledger does.
if (name === BARE_PIPELINE) await runBarePipeline();
else if (bench) {
  const figures = await bench.run();
  console.log(JSON.stringify({ bench: name, ...figures, cpus: cpus().length, node: process.version }));
} else {
  const lines = Object.entries(BENCHES).map(([each, { says }]) => `  ${each.padEnd(11)} ${says}`);
  console.error(`npm run bench -- <name>, one of:\n${lines.join('\n')}`);
  process.exitCode = 2;
}
