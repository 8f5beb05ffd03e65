import type { DeadLetterSeal, KafkaConfig } from '@subledger/kafka';
import type pg from 'pg';
import type { PrismaClient } from '../generated/prisma/client.js';

/** A command of `npm run ledger -- <name>`. */
export interface OperatorCommand {
  readonly name: string;
  readonly summary: string;
  /** @returns the exit code */
  run(args: readonly string[], context: OperatorContext): Promise<number>;
}

export interface OperatorContext {
  readonly databaseUrl: string;
  /**
   * Schema `ledger`, a long statement time-out, and default planning: unlike the ledger's own pool, it may scan
   * tables.
   */
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;
  readonly kafka: KafkaConfig;
  /** Opens dead letters. */
  readonly seal: DeadLetterSeal;
  /** Number of partitions of each input topic, which decides a main account's lane. */
  readonly partitions: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  print(line: string): void;
}
