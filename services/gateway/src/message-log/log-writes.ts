import { columns } from '@subledger/database';
import type pg from 'pg';
import type { Delivery } from './delivery.js';
import type { RefundFact } from './facts.js';
import type { EarlyStatus, LogChanges, Logged, NewMessage, Usage } from './log-batch.js';
import { DELIVERY_NAMES, idColumns } from './log-reads.js';
import { keepRivals } from './rivals.js';

/** SQL of a column of milliseconds since 1970 as the stored time. */
const at = (column: string): string => `to_timestamp(${column} / 1000)::timestamptz(3)`;

const deliveryColumns = [
  (d: { delivery: Delivery }) => d.delivery.status,
  (d: { delivery: Delivery }) => d.delivery.statusAt,
  (d: { delivery: Delivery }) => d.delivery.endedAt,
  (d: { delivery: Delivery }) => d.delivery.shortlinkStatus,
  (d: { delivery: Delivery }) => d.delivery.shortlinkStatusAt,
  (d: { delivery: Delivery }) => d.delivery.shortlinkUrl,
  (d: { delivery: Delivery }) => d.delivery.shortlinkUrlAt,
] as const;
const DELIVERY_VALUES = `x.status, ${at('x.status_at')}, ${at('x.delivery_end_at')}, x.shortlink_status,
  ${at('x.shortlink_status_at')}, x.shortlink_url, ${at('x.shortlink_url_at')}`;
/** Types of the seven parameters from `$first` on. */
const deliveryTypes = (first: number): string =>
  ['text', 'float8', 'float8', 'text', 'float8', 'text', 'float8']
    .map((type, index) => `$${first + index}::${type}[]`)
    .join(', ');

/** Writes the changes of a batch. Each SQL statement takes any number of rows. */
export async function writeChanges(client: pg.PoolClient, changes: LogChanges): Promise<void> {
  await insertMessages(client, changes.inserted);
  await updateMessages(client, changes.updated);
  await upsertEarly(client, changes.early);
  await deleteEarly(client, changes.earlyGone);
  await upsertRefunds(client, changes.refunds);
  await keepRivals(client, changes.rivals);
  await addToUsage(client, changes.usage);
}

async function insertMessages(client: pg.PoolClient, rows: readonly NewMessage[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query({
    name: 'message-log-insert',
    text: `WITH x AS MATERIALIZED (
        SELECT *, ${at('sent_ms')} AS sent_at FROM unnest($1::text[], $2::float8[], $3::text[], $4::text[], $5::text[],
          $6::text[], $7::text[], $8::int[], $9::bigint[], $10::bigint[], $11::int[], $12::bigint[], ${deliveryTypes(13)})
          AS x (main_account_id, sent_ms, message_id, sub_account_id, sender, recipient, content, segments, millipoints,
            refunded, source_partition, source_offset, ${DELIVERY_NAMES})),
      keys AS (
        INSERT INTO message_key (main_account_id, message_id, sent_at)
        SELECT main_account_id, message_id, sent_at FROM x)
      INSERT INTO message_log (main_account_id, sent_at, message_id, sub_account_id, sender, recipient, content,
        segments, millipoints, refunded, source_partition, source_offset, ${DELIVERY_NAMES})
      SELECT x.main_account_id, x.sent_at, x.message_id, x.sub_account_id, x.sender, x.recipient, x.content,
        x.segments, x.millipoints, x.refunded, x.source_partition, x.source_offset, ${DELIVERY_VALUES} FROM x`,
    values: columns(
      rows,
      (r) => r.mainAccountId,
      (r) => r.sentAt,
      (r) => r.messageId,
      (r) => r.subAccountId,
      (r) => r.sent.sender,
      (r) => r.sent.recipient,
      (r) => r.sent.content,
      (r) => r.sent.segments,
      (r) => r.millipoints,
      (r) => r.refunded,
      (r) => r.source.partition,
      (r) => r.source.offset,
      ...deliveryColumns,
    ),
  });
}

export async function updateMessages(client: pg.PoolClient, rows: readonly Logged[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query({
    name: 'message-log-update',
    text: `UPDATE message_log m SET refunded = x.refunded, source_partition = x.source_partition,
        source_offset = x.source_offset, (${DELIVERY_NAMES}) = ROW(${DELIVERY_VALUES})
      FROM (SELECT *, ${at('sent_ms')} AS sent_at FROM unnest($1::text[], $2::float8[], $3::text[], $4::bigint[],
        $5::int[], $6::bigint[], ${deliveryTypes(7)})
        AS x (main_account_id, sent_ms, message_id, refunded, source_partition, source_offset, ${DELIVERY_NAMES})) AS x
      WHERE m.main_account_id = x.main_account_id AND m.sent_at = x.sent_at AND m.message_id = x.message_id`,
    values: columns(
      rows,
      (r) => r.mainAccountId,
      (r) => r.sentAt,
      (r) => r.messageId,
      (r) => r.refunded,
      (r) => r.source.partition,
      (r) => r.source.offset,
      ...deliveryColumns,
    ),
  });
}

export async function upsertEarly(client: pg.PoolClient, rows: readonly EarlyStatus[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query({
    name: 'message-log-early-upsert',
    text: `INSERT INTO message_early_status (main_account_id, message_id, ${DELIVERY_NAMES})
      SELECT x.main_account_id, x.message_id, ${DELIVERY_VALUES}
      FROM unnest($1::text[], $2::text[], ${deliveryTypes(3)}) AS x (main_account_id, message_id, ${DELIVERY_NAMES})
      ON CONFLICT (main_account_id, message_id) DO UPDATE SET status = excluded.status,
        status_at = excluded.status_at, delivery_end_at = excluded.delivery_end_at,
        shortlink_status = excluded.shortlink_status, shortlink_status_at = excluded.shortlink_status_at,
        shortlink_url = excluded.shortlink_url, shortlink_url_at = excluded.shortlink_url_at`,
    values: columns(
      rows,
      (r) => r.mainAccountId,
      (r) => r.messageId,
      ...deliveryColumns,
    ),
  });
}

async function deleteEarly(client: pg.PoolClient, rows: readonly EarlyStatus[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `DELETE FROM message_early_status e USING unnest($1::text[], $2::text[]) AS x (main_account_id, message_id)
      WHERE e.main_account_id = x.main_account_id AND e.message_id = x.message_id`,
    idColumns(rows),
  );
}

/** A repeated refund only moves to its later record. */
async function upsertRefunds(client: pg.PoolClient, rows: readonly RefundFact[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `INSERT INTO message_refund (main_account_id, refund_id, message_id, millipoints, source_partition, source_offset)
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::int[], $6::bigint[])
      ON CONFLICT (main_account_id, refund_id) DO UPDATE SET
        source_partition = excluded.source_partition, source_offset = excluded.source_offset`,
    columns(
      rows,
      (r) => r.mainAccountId,
      (r) => r.refundId,
      (r) => r.messageId,
      (r) => r.millipoints,
      (r) => r.source.partition,
      (r) => r.source.offset,
    ),
  );
}

export async function addToUsage(client: pg.PoolClient, rows: readonly Usage[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query({
    name: 'message-log-usage',
    text: `INSERT INTO message_usage AS u (main_account_id, quarter, sub_account_id, messages, millipoints, refunded)
      SELECT main_account_id, to_timestamp(quarter_ms / 1000), sub_account_id, messages, millipoints, refunded
      FROM unnest($1::text[], $2::float8[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
        AS x (main_account_id, quarter_ms, sub_account_id, messages, millipoints, refunded)
      ON CONFLICT (main_account_id, quarter, sub_account_id) DO UPDATE SET messages = u.messages + excluded.messages,
        millipoints = u.millipoints + excluded.millipoints, refunded = u.refunded + excluded.refunded`,
    values: columns(
      rows,
      (r) => r.mainAccountId,
      (r) => r.quarter,
      (r) => r.subAccountId,
      (r) => r.messages,
      (r) => r.millipoints,
      (r) => r.refunded,
    ),
  });
}
