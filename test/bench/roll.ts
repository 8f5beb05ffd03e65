import { eventType, TOPICS } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import { TopicReader } from '@subledger/testing';
import { type Bench, openBooks, withBench, workThrough } from './bench.js';
import { atMost, mean, ratio, rounded } from './figures.js';
import { measureFloor } from './floor.js';
import { epochs, lanePositions, progress, topicEnds, waitUntilDrained } from './measure.js';
import { type RunningService, untilLanesRun } from './service-process.js';
import { MEMORY_TARGET_MB, ROLLED } from './settings.js';
import { mainId, oneMessageEach, periodRoll } from './workload.js';

/** Rolls after the first, on the warm process. With very many sub-accounts the first is enough. */
const WARM_ROLLS = ROLLED.subAccountsEach > 20_000 ? 0 : 2;
const WITHIN_MS = 300_000;
/** The time has a target up to this many sub-accounts. With more, only the memory has one. */
const TIMED_SUB_ACCOUNTS = 10_000;
const TARGET_MS = 1_500;
/** Opening and use before the measured process must not evict the one large main account. */
const PREPARATION = { CACHED_SUB_ACCOUNTS: '10000000', MAX_SUB_ACCOUNTS: '1000000' };

interface Roll {
  /** From sending the command to the summary, and to the events of all its sub-accounts. */
  readonly rolledMs: number;
  readonly allRolledMs: number;
  readonly takeovers: number;
  /** Longest time that the ledger's event loop was blocked. Heartbeats are delayed as long. */
  readonly eventLoopStoodMs: number;
}

/**
 * A month start of one main account with many sub-accounts, from the command to its events, on a ledger that has just
 * started (no books in memory, nothing compiled), and again on the warm one.
 */
export async function benchRoll(): Promise<Record<string, unknown>> {
  const subAccounts = ROLLED.subAccountsEach;
  return withBench(async (bench) => {
    const preparing = { ...bench, ledgerEnv: PREPARATION };
    await openBooks(preparing, ROLLED);
    await workThrough(preparing, oneMessageEach(ROLLED));

    const since = await lanePositions(bench.pool);
    const ledger = await bench.environment.startLedger();
    await untilLanesRun(ledger, bench.environment.partitions);
    const idleMemoryMb = await ledger.memoryMb();
    const cold = await roll(bench, ledger);
    const peakMemoryMb = rounded(await ledger.peakMemoryMb());
    const upTo = await lanePositions(bench.pool);
    const warm: Roll[] = [];
    for (let index = 0; index < WARM_ROLLS; index += 1) warm.push(await roll(bench, ledger));
    const peakAfterAllMb = rounded(await ledger.peakMemoryMb());
    await ledger.stop();

    const floor = await measureFloor(bench.pool, since, upTo);
    const rolledSeconds = rounded(cold.rolledMs / 1_000, 3);
    return {
      subAccounts,
      cold,
      warm,
      ...(warm.length === 0 ? {} : { warmRolledMs: rounded(mean(warm.map(({ rolledMs }) => rolledMs))) }),
      memory: { idleMb: rounded(idleMemoryMb), peakMb: peakMemoryMb, peakAfterAllMb },
      rebalanced: cold.takeovers + warm.reduce((sum, { takeovers }) => sum + takeovers, 0) > 0,
      floor: { moves: floor.moves, seconds: rounded(floor.seconds, 3) },
      ratioToFloor: ratio(floor.seconds, rolledSeconds),
      targets: [
        ...(subAccounts <= TIMED_SUB_ACCOUNTS ? [atMost('cold.rolledMs', cold.rolledMs, TARGET_MS)] : []),
        atMost('memory.peakMb', peakMemoryMb, MEMORY_TARGET_MB),
        atMost('takeovers', cold.takeovers, 0),
      ],
    };
  });
}

/** Rolls to the next period and waits for all events. */
async function roll({ environment, pool, producer }: Bench, ledger: RunningService): Promise<Roll> {
  const { period, dueAt } = await nextMonth(pool);
  const { done } = await progress(pool);
  const ends = await topicEnds(environment.kafka, TOPICS.events, environment.partitions);
  const seen = new RollWatch(ROLLED.subAccountsEach);
  const reader = await TopicReader.open(environment.kafka, TOPICS.events, {
    from: ends,
    onRecord: (record) => seen.take(record),
  });
  const [epochsBefore, takeoversBefore] = [await epochs(pool), await ledger.metric('ledger_takeovers_total')];
  // Reading the metric resets the maximum.
  await ledger.metric('nodejs_eventloop_lag_max_seconds');

  const started = performance.now();
  await producer.send([periodRoll(ROLLED.firstMain, period, dueAt)]);
  await seen.complete(WITHIN_MS);
  await waitUntilDrained(pool, done + 1n);
  const eventLoopStoodMs = rounded((await ledger.metric('nodejs_eventloop_lag_max_seconds')) * 1_000);
  const takeovers = Math.max(
    (await epochs(pool)) - epochsBefore,
    (await ledger.metric('ledger_takeovers_total')) - takeoversBefore,
  );
  await reader.close();
  const result = {
    rolledMs: rounded(seen.rolledAt - started),
    allRolledMs: rounded(seen.lastSubAccountAt - started),
    takeovers,
    eventLoopStoodMs,
  };
  // A large one takes minutes, and the next step may fail.
  console.error(
    `rolled to ${period}: ${JSON.stringify(result)}, peak ${rounded(await ledger.peakMemoryMb())} MB`,
  );
  return result;
}

async function nextMonth(pool: Bench['pool']): Promise<{ period: string; dueAt: string }> {
  const { rows } = await pool.query<{ period: string; due: Date }>(
    `SELECT to_char(to_date(period, 'YYYY-MM') + INTERVAL '1 month', 'YYYY-MM') AS period, next_month_start AS due
     FROM ledger.main_accounts WHERE main_account_id = $1`,
    [mainId(ROLLED.firstMain)],
  );
  const row = rows[0];
  if (!row) throw new Error('the main account to roll was not opened');
  return { period: row.period, dueAt: row.due.toISOString() };
}

/** The type of an event is within its first bytes. Parsing 100,000 events would disturb the measurement. */
const HEAD_BYTES = 300;

/** Sees the events of one roll come in. */
class RollWatch {
  rolledAt = Number.NaN;
  lastSubAccountAt = Number.NaN;
  #subAccounts = 0;
  readonly #done = Promise.withResolvers<void>();

  constructor(private readonly expected: number) {}

  take({ value }: KafkaRecord): void {
    const head = value?.toString('latin1', 0, HEAD_BYTES) ?? '';
    if (head.includes(eventType('sub-account.rolled'))) {
      this.#subAccounts += 1;
      if (this.#subAccounts === this.expected) this.lastSubAccountAt = performance.now();
    } else if (head.includes(eventType('period.rolled'))) this.rolledAt = performance.now();
    else if (head.includes(eventType('command.rejected')))
      this.#done.reject(new Error(`the roll was refused: ${value}`));
    if (this.rolledAt > 0 && this.lastSubAccountAt > 0) this.#done.resolve();
  }

  /** @throws Error when not all were seen in time, or the roll was refused */
  async complete(withinMs: number): Promise<void> {
    const timer = setTimeout(() => {
      this.#done.reject(new Error(`${this.#subAccounts} of ${this.expected} were rolled in ${withinMs} ms`));
    }, withinMs);
    await this.#done.promise.finally(() => clearTimeout(timer));
  }
}
