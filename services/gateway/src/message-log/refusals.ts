import { TOPICS } from '@subledger/contracts';
import { columns } from '@subledger/database';
import { type DeadLetterSeal, type KafkaRecord, parseDeadLetter } from '@subledger/kafka';
import type pg from 'pg';
import { type Fact, readFact, type SentFact } from './facts.js';
import {
  addUsage,
  applyFacts,
  keyOf,
  type Logged,
  least,
  type RivalFact,
  refundKeyOf,
  rowsByKey,
  type Usage,
} from './log-batch.js';
import { loadMessages, loadRefundSums, loadRefunds, loadStored } from './log-reads.js';
import { addToUsage, updateMessages, upsertEarly, writeChanges } from './log-writes.js';
import { dropRivals, takeRivals } from './rivals.js';

/** A record of `sms.messages.v1` that the ledger dead-lettered. */
export interface Refusal {
  readonly partition: number;
  readonly offset: bigint;
  /** Broker time of the record, milliseconds since 1970. */
  readonly at: number;
  /** Its fact, or undefined if it is unreadable, in which case the log does not have it either. */
  readonly fact: Fact | undefined;
}

/**
 * Reads dead letters of messages. Others are left out.
 * @returns also the number of letters that could not be opened, so that their records are unknown
 */
export function readRefusals(
  records: readonly KafkaRecord[],
  seal: DeadLetterSeal,
): { refusals: Refusal[]; sealed: number } {
  let sealed = 0;
  const refusals = records.flatMap((record): Refusal[] => {
    const letter = parsed(record, seal);
    if (letter?.source?.topic !== TOPICS.messages) return [];
    const { partition, offset } = letter.source;
    const { key, value, headers, timestampMs } = letter;
    if (letter.isSealed) sealed += 1;
    const isPosition =
      isInt4(partition) && offset >= 0n && offset < MAX_OFFSET && Number.isFinite(timestampMs);
    if (!isPosition) return [];
    const read = readFact({ topic: TOPICS.messages, partition, offset, key, value, headers, timestampMs });
    return [{ partition, offset, at: timestampMs, fact: read.kind === 'valid' ? read.value : undefined }];
  });
  return { refusals, sealed };
}

const MAX_OFFSET = 2n ** 63n;
const isInt4 = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;

function parsed(record: KafkaRecord, seal: DeadLetterSeal) {
  try {
    return parseDeadLetter(record, seal);
  } catch {
    return undefined;
  }
}

/** Stores the refusals, so that the log leaves these records out if it reads them later or again. */
export async function noteRefusals(client: pg.PoolClient, refusals: readonly Refusal[]): Promise<void> {
  await client.query(
    `INSERT INTO message_refused (source_partition, source_offset, source_at)
      SELECT partition, record_offset, to_timestamp(at_ms / 1000)
      FROM unnest($1::int[], $2::bigint[], $3::float8[]) AS x (partition, record_offset, at_ms) ON CONFLICT DO NOTHING`,
    columns(
      refusals,
      (r) => r.partition,
      (r) => r.offset,
      (r) => r.at,
    ),
  );
}

/** A run of records of a partition, including both ends. */
export interface Span {
  readonly partition: number;
  readonly first: bigint;
  readonly last: bigint;
}

/** Positions of dead-lettered records inside these spans. */
export async function refusedWithin(client: pg.PoolClient, spans: readonly Span[]): Promise<Set<string>> {
  const { rows } = await client.query<{ partition: number; offset: bigint; at: Date }>(
    `SELECT r.source_partition AS partition, r.source_offset AS offset, r.source_at AS at
      FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS x (partition, first, last)
      JOIN message_refused r ON r.source_partition = x.partition AND r.source_offset BETWEEN x.first AND x.last`,
    columns(
      spans,
      (span) => span.partition,
      (span) => span.first,
      (span) => span.last,
    ),
  );
  return new Set(
    rows.map(({ partition, offset, at }) => positionOf({ partition, offset, timestampMs: at.getTime() })),
  );
}

/** The time distinguishes a record from one at the same offset of a recreated topic. */
export const positionOf = ({ partition, offset, timestampMs }: Position): string =>
  `${partition} ${offset} ${timestampMs}`;
type Position = Pick<KafkaRecord, 'partition' | 'offset' | 'timestampMs'>;

/**
 * Removes these records from the log: messages are deleted, refunds no longer count, statuses wait again. If this
 * frees an id that rivals share, the first of them is applied.
 */
export async function takeBack(client: pg.PoolClient, refusals: readonly Refusal[]): Promise<void> {
  const facts = refusals.flatMap(({ fact }) => (fact ? [fact] : []));
  if (facts.length === 0) return;
  await dropRivals(
    client,
    facts.filter((fact) => fact.kind !== 'status'),
  );
  const freed = await remove(client, facts);
  const rivals = await takeRivals(client, freed);
  if (rivals.length > 0) await writeChanges(client, applyFacts(await loadStored(client, rivals), rivals));
}

/** @returns the facts that were in the log */
async function remove(client: pg.PoolClient, facts: readonly Fact[]): Promise<RivalFact[]> {
  const usage = new Map<string, Usage>();
  const refunds = await deleteRefunds(client, facts);
  const messages = await loadMessages(client, facts);
  const sent = facts.filter((fact) => {
    const message = messages.get(keyOf(fact));
    return fact.kind === 'sent' && message !== undefined && isFrom(message, fact);
  }) as SentFact[];
  const gone = sent.map((fact) => messages.get(keyOf(fact)) as Logged);
  for (const message of gone) {
    messages.delete(keyOf(message));
    const { millipoints, refunded } = message;
    addUsage(usage, message, { messages: -1, millipoints: -millipoints, refunded: -refunded });
  }
  await deleteMessages(client, gone);
  const sums = await loadRefundSums(client, refunds);
  const changed = refunds.flatMap((refund): Logged[] => {
    const message = messages.get(keyOf(refund));
    if (!message) return [];
    return [{ ...message, refunded: least(sums.get(keyOf(refund)) ?? 0n, message.millipoints) }];
  });
  const distinct = new Map(changed.map((message) => [keyOf(message), message]));
  for (const [key, message] of distinct) {
    const more = message.refunded - (messages.get(key) as Logged).refunded;
    addUsage(usage, message, { messages: 0, millipoints: 0n, refunded: more });
  }
  await updateMessages(client, [...distinct.values()]);
  await addToUsage(client, rowsByKey(usage));
  return [...sent, ...refunds];
}

const isFrom = ({ source }: { source: Fact['source'] }, fact: Fact): boolean =>
  source.partition === fact.source.partition && source.offset === fact.source.offset;

async function deleteRefunds(client: pg.PoolClient, facts: readonly Fact[]) {
  const named = facts.filter((fact) => fact.kind === 'refund');
  const stored = await loadRefunds(client, named);
  const gone = named.filter((fact) => {
    const refund = stored.get(refundKeyOf(fact));
    return refund !== undefined && isFrom(refund, fact);
  });
  if (gone.length === 0) return gone;
  await client.query(
    `DELETE FROM message_refund r USING unnest($1::text[], $2::text[]) AS x (main_account_id, refund_id)
      WHERE r.main_account_id = x.main_account_id AND r.refund_id = x.refund_id`,
    columns(
      gone,
      (r) => r.mainAccountId,
      (r) => r.refundId,
    ),
  );
  return gone;
}

async function deleteMessages(client: pg.PoolClient, messages: readonly Logged[]): Promise<void> {
  if (messages.length === 0) return;
  await client.query(
    `WITH x AS (SELECT main_account_id, message_id, to_timestamp(sent_ms / 1000)::timestamptz(3) AS sent_at
        FROM unnest($1::text[], $2::text[], $3::float8[]) AS x (main_account_id, message_id, sent_ms)),
      keys AS (DELETE FROM message_key k USING x
        WHERE k.main_account_id = x.main_account_id AND k.message_id = x.message_id)
      DELETE FROM message_log m USING x
        WHERE m.main_account_id = x.main_account_id AND m.sent_at = x.sent_at AND m.message_id = x.message_id`,
    columns(
      messages,
      (m) => m.mainAccountId,
      (m) => m.messageId,
      (m) => m.sentAt,
    ),
  );
  await upsertEarly(
    client,
    messages.filter((message) => message.delivery.status !== null),
  );
}
