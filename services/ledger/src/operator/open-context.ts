import { createPool, prismaAdapter } from '@subledger/database';
import { DeadLetterSeal, type KafkaConfig } from '@subledger/kafka';
import {
  type CommandLineProcess,
  createLogger,
  kafkaConfigFrom,
  loadConfig,
  refuseUnsafeBase,
  withDevStack,
} from '@subledger/service-kit';
import { ledgerConfig } from '../config.js';
import { PrismaClient } from '../generated/prisma/client.js';
import { LEDGER_SCHEMA } from '../store/ledger-pool.js';
import type { OperatorContext } from './operator-command.js';

/** Some commands read whole tables. */
const STATEMENT_TIMEOUT_MS = 30 * 60_000;
const MAX_CONNECTIONS = 4;

/**
 * Runs the work with connections to the ledger's servers.
 * @throws UsageError | ConfigError before any connection is made
 */
export async function withContext<Result>(
  { env: given, cwd, print, printError }: CommandLineProcess,
  work: (context: OperatorContext) => Promise<Result>,
): Promise<Result> {
  // Standard output is for the answer. Logs of the libraries go to standard error.
  const env = { LOG_LEVEL: 'error', ...withDevStack(given, cwd) };
  const config = loadConfig(ledgerConfig, env);
  refuseUnsafeBase(config);
  const stream = { write: (line: string) => printError(line.trimEnd()) };
  const log = createLogger({ service: 'ledger-operator', level: config.LOG_LEVEL, stream });
  const pool = createPool({
    url: config.DATABASE_URL,
    schema: LEDGER_SCHEMA,
    // Not `subledger-ledger`: that name shows whether a ledger is running.
    applicationName: 'subledger-operator',
    max: MAX_CONNECTIONS,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool, { schema: LEDGER_SCHEMA }) });
  try {
    return await work({
      databaseUrl: config.DATABASE_URL,
      pool,
      prisma,
      kafka: kafkaConfigFrom(config, 'subledger-ledger-operator', log) as KafkaConfig,
      seal: new DeadLetterSeal(config.DEAD_LETTER_KEY),
      partitions: config.KAFKA_PARTITIONS,
      env,
      print,
    });
  } finally {
    await prisma.$disconnect();
    await pool.end();
  }
}
