/**
 * A producer that has the epoch of a transactional id, and writes outside of transactions.
 *
 * A transaction of one small set of records is three requests and about seven writes to logs (partitions added,
 * records, commit prepared, a marker per partition, commit completed). What a fenced owner needs of all that is the
 * epoch alone: a broker refuses a batch whose producer epoch is lower than the highest that the partition has seen from
 * that producer id, in a transaction or not. So the owner first makes every partition see its epoch, by one aborted
 * transaction over all of them, and then writes plainly: one request.
 *
 * kafkajs knows no such producer. It gets a transactional id with a suffix; what it would send to the coordinator for
 * a transaction is then left out, and its batches are not marked as transactional (`transaction-coordinator.ts`,
 * `produce-encoding.ts`).
 */
const SUFFIX = '\u0000outside of transactions';

/** The id for a kafkajs producer that has this transactional id and writes plainly. */
export const asPlain = (transactionalId: string): string => transactionalId + SUFFIX;

export const isPlain = (transactionalId: string | null | undefined): boolean =>
  transactionalId?.endsWith(SUFFIX) ?? false;

/** The transactional id as the broker knows it. */
export const realId = (transactionalId: string): string =>
  isPlain(transactionalId) ? transactionalId.slice(0, -SUFFIX.length) : transactionalId;
