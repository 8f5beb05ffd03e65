import { createPool, PartitionKeeper } from '@subledger/database';
import { DeadLetterSeal, type DeadLetterWriter, KafkaBatchServer, type KafkaConfig } from '@subledger/kafka';
import type { Logger, Registry } from '@subledger/service-kit';
import type pg from 'pg';
import type { GatewayConfig } from '../config.js';
import { CsvDownloads } from '../csv/csv-downloads.js';
import { MESSAGE_LOG_TRANSPORT } from '../events/transports.js';
import type { CustomerLimits } from '../request/customer-limits.js';
import { MessageLog } from './message-log.js';
import { LOG_PARTITIONS, messageRetention } from './retention.js';

const GROUP = 'gateway-message-log';
/** One writes messages, the other removes dead-lettered ones. */
const WRITERS = 2;
/** Milliseconds that a batch may wait behind those of all other partitions. */
const TURN_TIMEOUT_MS = 60_000;
/** Bytes per partition, about 500 messages. Up to two such batches wait per partition, so this limits the memory. */
const FETCH_BYTES = 384 * 1_024;

export interface MessageLogParts {
  readonly messageLog: MessageLog;
  readonly downloads: CsvDownloads;
  /** Consumer of messages and dead letters. */
  readonly consumer: KafkaBatchServer;
  /** Call it before the consumer starts: it makes the partitions of the coming months. */
  start(): Promise<void>;
  /** Aborts downloads, so that closing the API does not wait for them. */
  breakOff(): Promise<void>;
  /** Call it after the consumer has stopped. */
  stop(): Promise<void>;
}

interface Given {
  readonly config: GatewayConfig;
  readonly schema: string;
  /** The requests' pool, to cancel downloads. */
  readonly pool: pg.Pool;
  readonly kafka: KafkaConfig;
  readonly deadLetters: DeadLetterWriter;
  readonly customers: CustomerLimits;
  readonly metrics: Registry;
  readonly log: Logger;
}

export function openMessageLog(given: Given): MessageLogParts {
  const { config, schema, pool, kafka, deadLetters, customers, metrics, log } = given;
  const common = {
    url: config.DATABASE_URL,
    schema,
    onIdleError: (error: Error) => log.warn({ err: error }, 'lost an idle database connection'),
  };
  const logPool = createPool({
    ...common,
    applicationName: 'gateway-message-log',
    max: WRITERS,
    connectionTimeoutMs: TURN_TIMEOUT_MS,
    // A plan made while the tables were empty would later read all rows for each batch.
    plans: 'byIndex',
  });
  // No client-side time-out: `pg` would not clear it at the end of a COPY. Each download sets its own.
  const csvPool = createPool({
    ...common,
    applicationName: 'gateway-csv',
    max: config.CSV_DOWNLOADS,
    statementTimeoutMs: 0,
  });
  const keeper = new PartitionKeeper(pool, LOG_PARTITIONS, log);
  const retention = messageRetention(pool, config.KEEP_MESSAGES_MONTHS, log);
  const downloads = new CsvDownloads(
    csvPool,
    pool,
    {
      max: config.CSV_DOWNLOADS,
      perMainAccount: config.CSV_DOWNLOADS_PER_MAIN_ACCOUNT,
      timeoutMs: config.CSV_TIMEOUT_MS,
    },
    customers,
    metrics,
    log,
  );
  return {
    messageLog: new MessageLog(logPool, deadLetters, new DeadLetterSeal(config.DEAD_LETTER_KEY), log),
    downloads,
    consumer: new KafkaBatchServer(kafka, {
      groupId: `${config.KAFKA_TOPIC_PREFIX}${GROUP}`,
      fromBeginning: true,
      commit: 'after-batch',
      maxBytesPerPartition: FETCH_BYTES,
      maxWaitTimeMs: 50,
      transportId: MESSAGE_LOG_TRANSPORT,
    }),
    async start() {
      await keeper.start();
      retention.start();
    },
    breakOff: () => downloads.close(),
    async stop() {
      await retention.close();
      await keeper.stop();
      await logPool.end();
    },
  };
}
