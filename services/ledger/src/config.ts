import { amount, DEFAULT_MAX_MESSAGE_POINTS, DEFAULT_MAX_SUB_ACCOUNTS } from '@subledger/contracts';
import { baseConfig, durationMs, flag } from '@subledger/service-kit';
import { z } from 'zod';

const DAY_MS = 24 * 3_600_000;
const count = (max: number) => z.coerce.number().int().min(1).max(max);

export const ledgerConfig = z.object({
  ...baseConfig,
  KAFKA_GROUP: z.string().min(1).max(200).default('subledger-ledger').describe('consumer group'),
  KAFKA_PARTITIONS: count(10_000)
    .default(12)
    .describe(
      'partitions of each input topic; at least so many must there be; what comes on others is forwarded',
    ),
  LANES_AT_ONCE: count(64).default(3).describe('full batches that may be in the database at a time'),
  PUBLISH_AT_ONCE: count(64).default(3).describe('lanes that may publish at a time'),
  LANE_BATCH: count(10_000).default(500).describe('most records of one transaction'),
  MAX_SUB_ACCOUNTS: count(1_000_000)
    .default(DEFAULT_MAX_SUB_ACCOUNTS)
    .describe('sub-accounts (not deleted) that one main account may have'),
  MAX_MESSAGE_POINTS: amount
    .default(String(DEFAULT_MAX_MESSAGE_POINTS))
    .describe('points that one message, or a hold for one, may cost'),
  ALLOW_EARLY_ROLL: flag.optional().describe('whether a period.roll may come before its month start'),
  CACHED_SUB_ACCOUNTS: count(10_000_000)
    .default(100_000)
    .describe('sub-accounts kept in memory by all lanes together, about 1 KB each'),
  // In days, which `durationMs` does not support.
  TOMBSTONE_GRACE_MS: count(90 * DAY_MS)
    .default(7 * DAY_MS)
    .describe('between the deletion of a sub-account and the tombstone of its limit record'),
  LANE_RETRY_MAX_MS: durationMs
    .default(10_000)
    .describe('longest pause between two attempts during an outage'),
});
export type LedgerConfig = z.output<typeof ledgerConfig>;

/** Early rolls are for trials. In production they must be switched on explicitly. */
export const allowsEarlyRoll = (config: LedgerConfig): boolean =>
  config.ALLOW_EARLY_ROLL ?? config.NODE_ENV !== 'production';
