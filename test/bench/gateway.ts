import { Agent } from 'node:http';
import { GatewayClient } from '@subledger/gateway-client';
import { arrivals } from './arrivals.js';
import { BARE_PIPELINE, BARE_TOPICS, ensureBareTopics } from './bare-pipeline.js';
import { type Bench, withBench } from './bench.js';
import { openCustomers, type SubAccount } from './customers.js';
import { addressOf, OPERATOR_KEY } from './environment.js';
import { atLeast, atMost, ratio } from './figures.js';
import { benchReads } from './gateway-reads.js';
import { measureLatency } from './latency.js';
import { type Answers, type Ask, requestsOnTime, statusOf } from './requests-on-time.js';
import { type RunningService, untilLanesRun, withCores } from './service-process.js';
import { GATEWAY, LATENCY, SEED } from './settings.js';

const TARGET_RATIO = 0.6;
const TARGET_WRITE_P99_MS = 80;
/** Maximum ratio of the slowest reads with and without logins. */
const TARGET_LOGIN_RATIO = 1.5;
/** More than are hashed concurrently, so that some always wait. */
const LOGINS_AT_ONCE = 6;
const OPERATOR = { login: 'operator', password: 'password-of-the-benchmarks' };
const AUTHORIZED = { authorization: `Bearer ${OPERATOR_KEY}` };

/** Reads against a bare route, writes end to end, and reads while others log in; all over REST. */
export async function benchGateway(): Promise<Record<string, unknown>> {
  return withBench(async (bench) => {
    const { environment } = bench;
    const reads = has('reads') ? await benchReads(environment) : undefined;
    const floor = has('writes') ? await writeFloor(bench) : undefined;
    const ledger = await environment.startLedger();
    await untilLanesRun(ledger, environment.partitions);
    const gateway = await environment.startGateway({
      OPERATOR_LOGIN: OPERATOR.login,
      OPERATOR_PASSWORD: OPERATOR.password,
    });
    const subs = await openCustomers(new GatewayClient(addressOf(gateway), OPERATOR_KEY), {
      ...GATEWAY,
      pointsEach: 1_000,
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 200 });
    const writes = floor && { ...(await changeLimits({ gateway, ledger }, agent, subs)), floor };
    const logins = has('logins') ? await readBesideLogins(gateway, agent, subs) : undefined;
    agent.destroy();
    return {
      ...GATEWAY,
      ...reads,
      writes: writes && { ...writes, floorToWrites: ratio(writes.floor.p99, writes.latencyMs.p99) },
      logins,
      targets: [
        ...(reads
          ? [
              atLeast('list.ratioToFloor', reads.list.ratioToFloor, TARGET_RATIO),
              atLeast('one.ratioToFloor', reads.one.ratioToFloor, TARGET_RATIO),
            ]
          : []),
        ...(writes
          ? [
              atMost('writes.latencyMs.p99', writes.latencyMs.p99, TARGET_WRITE_P99_MS),
              atMost('writes.notOk', notOk(writes), 0),
            ]
          : []),
        ...(logins
          ? [
              atMost('logins.p99Ratio', logins.p99Ratio, TARGET_LOGIN_RATIO),
              atMost('logins.notOk', notOk(logins.alone) + notOk(logins.beside), 0),
            ]
          : []),
      ],
    };
  });
}

const has = (part: string): boolean => GATEWAY.parts.includes(part);

/** Otherwise a latency has no meaning, because refusals are fast. */
const notOk = ({ latencyMs, statuses }: Answers): number => latencyMs.count - (statuses['200'] ?? 0);

async function writeFloor(bench: Bench) {
  const { environment } = bench;
  await ensureBareTopics(environment.kafka);
  const { writesPerSecond: commandsPerSecond, writeSeconds: seconds, warmUpSeconds } = GATEWAY;
  const sizes: typeof LATENCY = { commandsPerSecond, seconds, warmUpSeconds };
  const part = await environment.startPart(BARE_PIPELINE);
  return (await measureLatency(bench, part, BARE_TOPICS, sizes)).latencyMs;
}

/** PATCH of a limit, from the moment at which it is due until its answer: REST, Kafka, ledger and back. */
async function changeLimits(
  { gateway, ledger }: Readonly<Record<'gateway' | 'ledger', RunningService>>,
  agent: Agent,
  subs: readonly SubAccount[],
) {
  const change = (index: number): Ask => ({
    url: subUrl(gateway, subs, index),
    method: 'PATCH',
    headers: AUTHORIZED,
    // Alternately up and down, so that the points are never used up.
    body: { limit: String(900 + (Math.floor(index / subs.length) % 2) * 100) },
  });
  const run = (seconds: number, seed: number) =>
    requestsOnTime(agent, arrivals(GATEWAY.writesPerSecond, seconds, seed), change);
  await run(GATEWAY.warmUpSeconds, SEED);
  return withCores({ gateway, ledger }, () => run(GATEWAY.writeSeconds, SEED + 1));
}

/** Reads of one at a modest rate, alone and then while logins run at their limit. */
async function readBesideLogins(gateway: RunningService, agent: Agent, subs: readonly SubAccount[]) {
  const read = (index: number): Ask => ({
    url: subUrl(gateway, subs, index),
    method: 'GET',
    headers: AUTHORIZED,
  });
  const run = () => requestsOnTime(agent, arrivals(GATEWAY.readsPerSecond, GATEWAY.writeSeconds, SEED), read);
  const alone = await run();
  const logins: Record<string, number> = {};
  let isOver = false;
  const began = performance.now();
  const loggingIn = Array.from({ length: LOGINS_AT_ONCE }, async () => {
    while (!isOver) {
      const url = `${addressOf(gateway)}/v1/session`;
      const status = await statusOf(agent, { url, method: 'POST', headers: {}, body: OPERATOR });
      logins[status] = (logins[status] ?? 0) + 1;
    }
  });
  const beside = await run();
  isOver = true;
  await Promise.all(loggingIn);
  const seconds = (performance.now() - began) / 1_000;
  return {
    alone,
    beside,
    p99Ratio: ratio(beside.latencyMs.p99, alone.latencyMs.p99),
    logins,
    loginsPerSecond: ratio(logins['201'] ?? 0, seconds),
  };
}

function subUrl(gateway: RunningService, subs: readonly SubAccount[], index: number): string {
  const { mainAccountId, id } = subs[index % subs.length] as SubAccount;
  return `${addressOf(gateway)}/v1/main-accounts/${mainAccountId}/sub-accounts/${id}`;
}
