/**
 * A producer that has the epoch of a transactional id, and writes outside of transactions (docs/decisions/0007).
 *
 * A transaction of one small set of records takes three requests and about seven writes to logs (partitions added,
 * records, commit prepared, a marker per partition, commit completed). A fenced owner needs only the epoch: a broker
 * refuses a batch whose producer epoch is lower than the highest that the partition has seen from that producer id,
 * in a transaction or not. So the owner first shows its epoch to every partition, by one aborted transaction over all
 * of them. Then it writes without transactions: one request.
 *
 * kafkajs has no such producer. It gets a transactional id with a suffix. Requests that it would send to the
 * coordinator for a transaction are then left out, and its batches are not marked as transactional
 * (`transaction-coordinator.ts`, `produce-encoding.ts`).
 */
const SUFFIX = '\u0000outside of transactions';

/** The id for a kafkajs producer that has this transactional id and writes outside of transactions. */
export const asNonTransactional = (transactionalId: string): string => transactionalId + SUFFIX;

export const isNonTransactional = (transactionalId: string | null | undefined): boolean =>
  transactionalId?.endsWith(SUFFIX) ?? false;

/** The transactional id as the broker knows it. */
export const realId = (transactionalId: string): string =>
  isNonTransactional(transactionalId) ? transactionalId.slice(0, -SUFFIX.length) : transactionalId;
