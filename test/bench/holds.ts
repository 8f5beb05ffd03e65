import { Agent, request } from 'node:http';
import { GatewayClient } from '@subledger/testing';
import { arrivals } from './arrivals.js';
import { BARE_PIPELINE, BARE_TOPICS, ensureBareTopics } from './bare-pipeline.js';
import { withBench } from './bench.js';
import { addressOf, OPERATOR_KEY, UPSTREAM_KEY } from './environment.js';
import { atMost, type Distribution, distribution, ratio, rounded } from './figures.js';
import { measureLatency } from './latency.js';
import { now, onTime } from './open-loop.js';
import { type RunningService, untilLanesRun } from './service-process.js';
import { HOLDS, SEED } from './settings.js';

const TARGET_P99_MS = 50;
/** A request that takes longer counts as lost. */
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * The strict check before sending: from the moment at which a hold is due to be asked for until its answer is there, at
 * a fixed rate of arrivals, over REST through gateway, Kafka and ledger and back.
 */
export async function benchHolds(): Promise<Record<string, unknown>> {
  return withBench(async (bench) => {
    const { environment } = bench;
    await ensureBareTopics(environment.kafka);
    const floor = await measureLatency(bench, await environment.startPart(BARE_PIPELINE), BARE_TOPICS);
    const ledger = await environment.startLedger();
    await untilLanesRun(ledger, environment.partitions);
    const gateway = await environment.startGateway();
    const subAccounts = await openCustomers(new GatewayClient(addressOf(gateway), OPERATOR_KEY));
    const agent = new Agent({ keepAlive: true, maxSockets: 200 });
    await load(gateway, agent, subAccounts, HOLDS.warmUpSeconds, 'w');
    const before = [await gateway.cpuSeconds(), await ledger.cpuSeconds(), performance.now()] as const;
    const { latencyMs, statuses } = await load(gateway, agent, subAccounts, HOLDS.seconds, 'h');
    const elapsed = (performance.now() - before[2]) / 1_000;
    const cpu = {
      gateway: rounded(((await gateway.cpuSeconds()) - before[0]) / elapsed, 2),
      ledger: rounded(((await ledger.cpuSeconds()) - before[1]) / elapsed, 2),
    };
    agent.destroy();
    const all = HOLDS.holdsPerSecond * HOLDS.seconds;
    return {
      ...HOLDS,
      latencyMs,
      statuses,
      cpu,
      memoryMb: rounded(await gateway.peakMemoryMb()),
      floor: floor.latencyMs,
      floorToHolds: ratio(floor.latencyMs.p99, latencyMs.p99),
      targets: [
        atMost('latencyMs.p99', latencyMs.p99, TARGET_P99_MS),
        atMost('notPlaced', all - (statuses['201'] ?? 0), 0),
      ],
    };
  });
}

interface SubAccount {
  readonly mainAccountId: string;
  readonly id: string;
}

/** Main accounts with points enough for all holds, and their sub-accounts, as an operator opens them. */
async function openCustomers(operator: GatewayClient): Promise<SubAccount[]> {
  const perSub = Math.ceil(
    (HOLDS.holdsPerSecond * (HOLDS.seconds + HOLDS.warmUpSeconds) * 2) /
      (HOLDS.mainAccounts * HOLDS.subAccountsEach),
  );
  const opened = await Promise.all(
    Array.from({ length: HOLDS.mainAccounts }, async (_, index) => {
      const body = { name: `Customer ${index}`, plan: 'prepay' };
      const main = await operator.callPersistently<{ id: string }>('POST', '/v1/main-accounts', { body });
      const path = `/v1/main-accounts/${main.id}`;
      const post = (suffix: string, more: unknown) =>
        operator.callPersistently<{ id: string }>('POST', `${path}/${suffix}`, { body: more });
      await post('purchases', { points: String(perSub * HOLDS.subAccountsEach), reference: 'bench' });
      await post('activation', { decision: 'approve' });
      const subs: SubAccount[] = [];
      for (let sub = 0; sub < HOLDS.subAccountsEach; sub += 1) {
        const given = { name: `s${sub}`, password: 'benchpassword', limit: String(perSub) };
        subs.push({ mainAccountId: main.id, id: (await post('sub-accounts', given)).id });
      }
      return subs;
    }),
  );
  return opened.flat();
}

interface Load {
  readonly latencyMs: Distribution;
  readonly statuses: Readonly<Record<string, number>>;
}

async function load(
  gateway: RunningService,
  agent: Agent,
  subAccounts: readonly SubAccount[],
  seconds: number,
  prefix: string,
): Promise<Load> {
  const times = arrivals(HOLDS.holdsPerSecond, seconds, SEED);
  const startAt = now();
  const dueAt = (index: number) => startAt + (times[index] as number);
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const open: Promise<void>[] = [];
  await onTime(times.length, dueAt, (index) => {
    const sub = subAccounts[index % subAccounts.length] as SubAccount;
    const asked = hold(gateway, agent, sub, `${prefix}-${index}`).then((status) => {
      latencies.push(now() - dueAt(index));
      statuses[status] = (statuses[status] ?? 0) + 1;
    });
    open.push(asked);
  });
  await Promise.all(open);
  return { latencyMs: distribution(latencies), statuses };
}

/** @returns the answer's status, or what went wrong instead */
function hold(gateway: RunningService, agent: Agent, sub: SubAccount, messageId: string): Promise<string> {
  const body = JSON.stringify({ subAccountId: sub.id, messageId, points: '1' });
  return new Promise((resolve) => {
    const asking = request(
      `${addressOf(gateway)}/v1/main-accounts/${sub.mainAccountId}/holds`,
      {
        agent,
        method: 'POST',
        timeout: REQUEST_TIMEOUT_MS,
        headers: {
          authorization: `Bearer ${UPSTREAM_KEY}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'idempotency-key': messageId,
        },
      },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(String(answer.statusCode)));
      },
    );
    asking.once('timeout', () => asking.destroy(new Error('timeout')));
    asking.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asking.end(body);
  });
}
