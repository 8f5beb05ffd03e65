import { runOperator } from '../operator/run-operator.js';
import { type LedgerHarness, PARTITIONS } from './ledger-harness.js';

export interface Operated {
  readonly code: number;
  /** Everything printed. */
  readonly text: string;
}

/** Runs `npm run ledger -- <args>` on a suite's own database and topics. */
export const operate = (harness: LedgerHarness, ...args: string[]): Promise<Operated> =>
  operateWith(harness, {}, ...args);

/** The same with additional variables. */
export async function operateWith(
  harness: LedgerHarness,
  more: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<Operated> {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const code = await runOperator({
    argv: args,
    cwd: '/nowhere',
    print,
    printError: print,
    env: {
      NODE_ENV: 'test',
      DATABASE_URL: harness.databaseUrl,
      KAFKA_BROKERS: harness.kafka.brokers.join(','),
      KAFKA_TOPIC_PREFIX: harness.prefix,
      KAFKA_PARTITIONS: String(PARTITIONS),
      ...more,
    },
  });
  return { code, text: lines.join('\n') };
}
