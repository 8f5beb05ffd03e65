import { TOPICS } from '@subledger/contracts';
import type { OutgoingRecord } from '@subledger/kafka';
import type { Pool } from 'pg';
import { arrivals } from './arrivals.js';
import { BARE_PIPELINE, BARE_TOPICS, ensureBareTopics } from './bare-pipeline.js';
import { type Bench, openBooks, withBench } from './bench.js';
import { atMost, type Distribution, distribution, ratio, rounded } from './figures.js';
import { runOpenLoop, type Timed } from './open-loop.js';
import { type RunningService, untilLanesRun } from './service-process.js';
import { LATENCY, POPULATION, SEED } from './settings.js';
import { commands } from './workload.js';

const TARGET_P99_MS = 50;

/** With it PostgreSQL stores the commit time of each transaction, which is needed for the stages. */
const COMMIT_TIMES = { track_commit_timestamp: 'on' };

/**
 * The time from when a command is due until a reader of committed records sees its event, at a fixed arrival rate.
 * The floor is a pipeline that only stores and forwards.
 */
export async function benchLatency(): Promise<Record<string, unknown>> {
  return withBench(
    async (bench) => {
      await openBooks(bench, POPULATION);
      await ensureBareTopics(bench.environment.kafka);
      const floor = await measureLatency(
        bench,
        await bench.environment.startPart(BARE_PIPELINE),
        BARE_TOPICS,
      );
      const service = await bench.environment.startLedger();
      await untilLanesRun(service, bench.environment.partitions);
      const ledger = await measureLatency(bench, service, TOPICS);
      const { p99 } = ledger.latencyMs;
      return {
        ...LATENCY,
        mainAccounts: POPULATION.mainAccounts,
        ...ledger,
        floor,
        floorToLedger: {
          p50: ratio(floor.latencyMs.p50, ledger.latencyMs.p50),
          p99: ratio(floor.latencyMs.p99, p99),
        },
        targets: [atMost('latencyMs.p99', p99, TARGET_P99_MS)],
      };
    },
    { postgresSettings: COMMIT_TIMES },
  );
}

interface Latency {
  readonly latencyMs: Distribution;
  /** Duration of the stages, each from the end of the previous one. Whole milliseconds except at both ends. */
  readonly stagesMs: Record<string, Distribution>;
  /** Share of one core. */
  readonly cpu: { readonly measured: number; readonly bench: number };
  /** The ledger's own counts: a batch from load to commit, a Kafka transaction, records per batch. */
  readonly ownMeans?: {
    readonly transactionMs: number;
    readonly publishMs: number;
    readonly batchRecords: number;
  };
}

/** Sum and count of the ledger's histograms. */
async function histograms(ledger: RunningService): Promise<number[]> {
  const names = ['transaction_seconds', 'publish_seconds', 'batch_records'];
  return Promise.all(
    names.flatMap((name) => ['sum', 'count'].map((part) => ledger.metric(`ledger_${name}_${part}`))),
  );
}

function ownMeans(before: readonly number[], after: readonly number[]) {
  const grown = after.map((value, index) => value - (before[index] ?? 0));
  const [inTransaction = 0, transactions = 0, inPublish = 0, publishes = 0, records = 0, batches = 0] = grown;
  return {
    transactionMs: rounded((inTransaction / transactions) * 1_000, 2),
    publishMs: rounded((inPublish / publishes) * 1_000, 2),
    batchRecords: rounded(records / batches, 2),
  };
}

/** What a pipeline that takes these topics makes of the load. */
export async function measureLatency(
  bench: Bench,
  measured: RunningService,
  topics: { readonly commands: string; readonly events: string },
  sizes: typeof LATENCY = LATENCY,
): Promise<Latency> {
  const { commandsPerSecond: rate, warmUpSeconds, seconds } = sizes;
  await run(bench, topics, rate, warmUpSeconds, SEED);
  const isLedger = topics === TOPICS;
  const counted = isLedger ? await histograms(measured) : [];
  const before = { measured: await measured.cpuSeconds(), bench: process.cpuUsage(), at: performance.now() };
  const timed = await run(bench, topics, rate, seconds, SEED + 1);
  const own = process.cpuUsage(before.bench);
  const elapsed = (performance.now() - before.at) / 1_000;
  const cpu = {
    measured: rounded(((await measured.cpuSeconds()) - before.measured) / elapsed, 2),
    bench: rounded((own.user + own.system) / 1e6 / elapsed, 2),
  };
  const means = isLedger ? { ownMeans: ownMeans(counted, await histograms(measured)) } : {};
  await measured.stop();
  const stagesMs = stages(timed, isLedger ? await commitTimes(bench.pool, timed) : new Map());
  return {
    latencyMs: distribution([...timed.values()].map(({ scheduledAt, seenAt }) => seenAt - scheduledAt)),
    stagesMs,
    cpu,
    ...means,
  };
}

function run(
  { environment, producer }: Bench,
  topics: { readonly commands: string; readonly events: string },
  rate: number,
  seconds: number,
  seed: number,
): Promise<Map<string, Timed>> {
  const times = arrivals(rate, seconds, seed);
  const records: OutgoingRecord[] = [...commands(POPULATION, times.length, seed)].map((record) => ({
    ...record,
    topic: topics.commands,
  }));
  const { kafka, partitions } = environment;
  return runOpenLoop({
    producer,
    commands: records,
    arrivals: times,
    kafka,
    partitions,
    eventTopic: topics.events,
  });
}

/**
 * - `send`: due → handed to the producer (this process's lateness)
 * - `commandLogged`: → the broker's stamp of the command
 * - `committed`: → PostgreSQL's stamp of the commit, taken just before it flushes
 * - `eventLogged`: → the broker's stamp of the event, within the lane's transaction
 * - `seen`: → the reader has it, which needs the transaction's end
 */
function stages(timed: ReadonlyMap<string, Timed>, commits: ReadonlyMap<string, number>) {
  const all = [...timed];
  const stage = (ms: (one: Timed, committedAt: number) => number) =>
    distribution(all.map(([id, one]) => ms(one, commits.get(id) ?? Number.NaN)).filter(Number.isFinite));
  const found: Record<string, Distribution> = {
    send: stage((one) => one.sentAt - one.scheduledAt),
    commandLogged: stage((one) => one.commandLoggedAt - one.sentAt),
    committed: stage((one, at) => at - one.commandLoggedAt),
    eventLogged: stage((one, at) => one.eventLoggedAt - at),
    seen: stage((one) => one.seenAt - one.eventLoggedAt),
  };
  // Stages without data are left out.
  return Object.fromEntries(Object.entries(found).filter(([, { count }]) => count > 0));
}

/** Command id → when its transaction was committed. Empty where the server does not keep that. */
async function commitTimes(pool: Pool, timed: ReadonlyMap<string, Timed>): Promise<Map<string, number>> {
  const { rows: settings } = await pool.query<{ on: boolean }>(
    "SELECT current_setting('track_commit_timestamp') = 'on' AS on",
  );
  if (!settings[0]?.on) return new Map();
  const { rows } = await pool.query<{ id: string; at: number }>(
    `SELECT command_id AS id, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000)::float8 AS at
     FROM ledger.commands WHERE command_id = ANY ($1)`,
    [[...timed.keys()]],
  );
  return new Map(rows.map(({ id, at }) => [id, at]));
}
