import { type MESSAGE_STATUSES, makeCloudEvent, messageType } from '@subledger/contracts';
import type { OutgoingRecord } from '@subledger/kafka';
import type { Pool } from 'pg';
import { openBooks, withBench, workThrough } from './bench.js';
import { atLeast, rounded } from './figures.js';
import { progress, waitUntilDrained } from './measure.js';
import { produce } from './produce.js';
import { LOG_MESSAGES, POPULATION, SEED } from './settings.js';
import { usage } from './workload.js';

const TARGET_MESSAGES_PER_SECOND = 10_000;
const POLL_MS = 50;
const STALL_MS = 60_000;

/**
 * Messages per second into the log, each with its final status, and one in fifty with a refund. Measured with an idle
 * ledger, and with a ledger that processes the same records.
 */
export async function benchMessageLog(): Promise<Record<string, unknown>> {
  return withBench(async (bench) => {
    const { environment, pool, producer } = bench;
    await openBooks(bench, POPULATION);
    const first = [...lives(LOG_MESSAGES, SEED)];
    await workThrough(bench, first);
    const ledger = await environment.startLedger(bench.ledgerEnv);
    const gateway = await environment.startGateway();
    const ledgerIdle = await ingested(pool, 0, messagesOf(first));
    const second = [...lives(LOG_MESSAGES, SEED + 1)];
    await gateway.stop();
    const { done } = await progress(pool);
    await produce(producer, second);
    const again = await environment.startGateway();
    const beside = await ingested(pool, messagesOf(first), messagesOf(second));
    const peakMemoryMb = rounded(await again.peakMemoryMb());
    await waitUntilDrained(pool, done + BigInt(second.length));
    await ledger.stop();
    return {
      messages: messagesOf(first),
      records: first.length,
      ledgerIdle,
      besideWorkingLedger: beside,
      peakMemoryMb,
      targets: [
        atLeast('ledgerIdle.messagesPerSecond', ledgerIdle.messagesPerSecond, TARGET_MESSAGES_PER_SECOND),
      ],
    };
  });
}

const SENT = messageType('message.sent');
const isSent = (record: OutgoingRecord): boolean => String(record.value).includes(`"${SENT}"`);
const messagesOf = (records: readonly OutgoingRecord[]): number => records.filter(isSent).length;

/** The records of `usage`, and after each message its status. */
function* lives(count: number, seed: number): Generator<OutgoingRecord> {
  for (const record of usage(POPULATION, count, seed)) {
    yield record;
    if (!isSent(record)) continue;
    const { id, time, source, data } = JSON.parse(String(record.value));
    const { mainAccountId, subAccountId, messageId } = data;
    const status: (typeof MESSAGE_STATUSES)[number] = 'MESSAGE_DELIVERY_COMPLETE';
    const event = makeCloudEvent(messageType('message.status'), {
      id: `${id}-status`,
      source,
      time,
      data: { mainAccountId, subAccountId, messageId, status, at: time },
    });
    yield { ...record, value: JSON.stringify(event) };
  }
}

/** From the first of these messages in the log until the last one. */
async function ingested(pool: Pool, before: number, messages: number) {
  const count = async () => {
    const { rows } = await pool.query<{ n: string }>(
      'SELECT coalesce(sum(messages), 0)::text AS n FROM gateway.message_usage',
    );
    return Number(rows[0]?.n) - before;
  };
  let last = await count();
  let movedAt = performance.now();
  let began = 0;
  let atBegin = 0;
  for (;;) {
    const now = await count();
    if (now !== last) movedAt = performance.now();
    if (now > 0 && began === 0) {
      began = performance.now();
      atBegin = now;
    }
    if (now >= messages) break;
    if (performance.now() - movedAt > STALL_MS) throw new Error(`${now} of ${messages} messages in the log`);
    last = now;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const seconds = (performance.now() - began) / 1_000;
  return {
    seconds: rounded(seconds, 1),
    messagesPerSecond: rounded((messages - atBegin) / seconds),
  };
}
