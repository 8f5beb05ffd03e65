import { Agent } from 'node:http';
import { GatewayClient } from '@subledger/gateway-client';
import { arrivals } from './arrivals.js';
import { BARE_PIPELINE, BARE_TOPICS, ensureBareTopics } from './bare-pipeline.js';
import { withBench } from './bench.js';
import { openCustomers, type SubAccount } from './customers.js';
import { addressOf, OPERATOR_KEY, UPSTREAM_KEY } from './environment.js';
import { atMost, ratio, rounded } from './figures.js';
import { measureLatency } from './latency.js';
import { type Ask, requestsOnTime } from './requests-on-time.js';
import { type RunningService, untilLanesRun, withCores } from './service-process.js';
import { HOLDS, SEED } from './settings.js';

const TARGET_P99_MS = 50;

/**
 * The strict check before sending: the time from when a hold is due until its answer, at a fixed arrival rate, over
 * REST through gateway, Kafka and ledger.
 */
export async function benchHolds(): Promise<Record<string, unknown>> {
  return withBench(async (bench) => {
    const { environment } = bench;
    await ensureBareTopics(environment.kafka);
    const floor = await measureLatency(bench, await environment.startPart(BARE_PIPELINE), BARE_TOPICS);
    const ledger = await environment.startLedger();
    await untilLanesRun(ledger, environment.partitions);
    const gateway = await environment.startGateway();
    const subAccounts = await openCustomers(new GatewayClient(addressOf(gateway), OPERATOR_KEY), {
      ...HOLDS,
      pointsEach: Math.ceil(
        (HOLDS.holdsPerSecond * (HOLDS.seconds + HOLDS.warmUpSeconds) * 2) /
          (HOLDS.mainAccounts * HOLDS.subAccountsEach),
      ),
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 200 });
    const load = (seconds: number, prefix: string) =>
      requestsOnTime(agent, arrivals(HOLDS.holdsPerSecond, seconds, SEED), (index) =>
        hold(gateway, subAccounts[index % subAccounts.length] as SubAccount, `${prefix}-${index}`),
      );
    await load(HOLDS.warmUpSeconds, 'w');
    const { latencyMs, statuses, cores } = await withCores({ gateway, ledger }, () =>
      load(HOLDS.seconds, 'h'),
    );
    agent.destroy();
    const all = HOLDS.holdsPerSecond * HOLDS.seconds;
    return {
      ...HOLDS,
      latencyMs,
      statuses,
      cores,
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

const hold = (gateway: RunningService, sub: SubAccount, messageId: string): Ask => ({
  url: `${addressOf(gateway)}/v1/main-accounts/${sub.mainAccountId}/holds`,
  method: 'POST',
  headers: { authorization: `Bearer ${UPSTREAM_KEY}`, 'idempotency-key': messageId },
  body: { subAccountId: sub.id, messageId, points: '1' },
});
