import type { KafkaConfig } from '@subledger/kafka';
import type { Logger } from '@subledger/service-kit';
import type pg from 'pg';
import { PROBE_TIMEOUT_MS } from '../database/open-database.js';
import { probeBrokers } from './broker-probe.js';
import { DependencyMonitor } from './dependency-monitor.js';

const PROBE_EVERY_MS = 1_000;
/** Milliseconds for which a failed send counts as an outage. Then the next write tries again. */
const SEND_FAILURE_MS = 2_000;

interface Given {
  readonly kafka: KafkaConfig;
  readonly usesTls: boolean;
  readonly sender: { hasFailedWithin(ms: number): boolean };
  readonly probePool: pg.Pool;
  readonly log: Logger;
}

/** Monitors this gateway's database and brokers. */
export function createMonitor({ kafka, usesTls, sender, probePool, log }: Given): DependencyMonitor {
  return new DependencyMonitor(
    {
      everyMs: PROBE_EVERY_MS,
      timeoutMs: PROBE_TIMEOUT_MS,
      probeDatabase: () => probePool.query('SELECT 1'),
      probeBroker: async () => {
        if (sender.hasFailedWithin(SEND_FAILURE_MS)) throw new Error('the last send failed');
        await probeBrokers({ brokers: kafka.brokers, timeoutMs: PROBE_TIMEOUT_MS, tls: usesTls });
      },
    },
    log,
  );
}
