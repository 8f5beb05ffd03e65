import type { MessageStatus } from '@subledger/contracts';
import { columns } from '@subledger/database';
import type pg from 'pg';
import type { Delivery } from './delivery.js';
import type { Fact, RefundFact } from './facts.js';
import { type EarlyStatus, keyOf, type Logged, refundKeyOf, type Stored } from './log-batch.js';

interface DeliveryColumns {
  status: MessageStatus | null;
  status_at: Date | null;
  delivery_end_at: Date | null;
  shortlink_status: string | null;
  shortlink_status_at: Date | null;
  shortlink_url: string | null;
  shortlink_url_at: Date | null;
}
interface MessageColumns extends DeliveryColumns {
  main_account_id: string;
  message_id: string;
  sub_account_id: string;
  sent_at: Date;
  millipoints: bigint;
  refunded: bigint;
  source_partition: number;
  source_offset: bigint;
}
interface RefundColumns {
  main_account_id: string;
  refund_id: string;
  message_id: string;
  millipoints: bigint;
  source_partition: number;
  source_offset: bigint;
}

type Named = { readonly mainAccountId: string; readonly messageId: string };
/** Main accounts and message ids, for `unnest`. */
export const idColumns = (named: readonly Named[]) =>
  columns(
    named,
    (each) => each.mainAccountId,
    (each) => each.messageId,
  );
/** Columns of `DeliveryColumns`, in the order of writing. */
export const DELIVERY_NAMES =
  'status, status_at, delivery_end_at, shortlink_status, shortlink_status_at, shortlink_url, shortlink_url_at';

/** Loads the rows that `applyFacts` needs for the messages and refunds of these facts. */
export async function loadStored(client: pg.PoolClient, facts: readonly Fact[]): Promise<Stored> {
  const named = [...new Map(facts.map((fact) => [keyOf(fact), fact])).values()];
  const refunds = facts.filter((fact) => fact.kind === 'refund');
  return {
    messages: await loadMessages(client, named),
    early: await loadEarly(client, named),
    refunds: await loadRefunds(client, refunds),
    refundSums: await loadRefundSums(client, named),
  };
}

/**
 * The id gives the time of sending, and the time the one month that has the message. LATERAL with LIMIT is a look-up
 * per id, whatever the planner assumes about the tables' sizes. In the other direction, a batch would read the whole
 * log.
 */
export async function loadMessages(
  client: pg.PoolClient,
  named: readonly Named[],
): Promise<Map<string, Logged>> {
  const { rows } = await client.query<MessageColumns>({
    name: 'message-log-load',
    text: `SELECT m.main_account_id, m.message_id, m.sub_account_id, m.sent_at, m.millipoints, m.refunded, ${DELIVERY_NAMES},
        m.source_partition, m.source_offset
      FROM unnest($1::text[], $2::text[]) AS x (main_account_id, message_id)
      CROSS JOIN LATERAL (SELECT sent_at FROM message_key
        WHERE main_account_id = x.main_account_id AND message_id = x.message_id LIMIT 1) AS k
      CROSS JOIN LATERAL (SELECT * FROM message_log
        WHERE main_account_id = x.main_account_id AND sent_at = k.sent_at AND message_id = x.message_id LIMIT 1) AS m`,
    values: idColumns(named),
  });
  const messages = rows.map((row) => ({
    mainAccountId: row.main_account_id,
    messageId: row.message_id,
    subAccountId: row.sub_account_id,
    sentAt: row.sent_at.getTime(),
    millipoints: row.millipoints,
    refunded: row.refunded,
    delivery: toDelivery(row),
    source: { partition: row.source_partition, offset: row.source_offset },
  }));
  return new Map(messages.map((message) => [keyOf(message), message]));
}

async function loadEarly(client: pg.PoolClient, named: readonly Named[]): Promise<Map<string, EarlyStatus>> {
  const { rows } = await client.query<DeliveryColumns & { main_account_id: string; message_id: string }>({
    name: 'message-log-early',
    text: `SELECT e.main_account_id, e.message_id, ${DELIVERY_NAMES}
      FROM unnest($1::text[], $2::text[]) AS x (main_account_id, message_id)
      CROSS JOIN LATERAL (SELECT * FROM message_early_status
        WHERE main_account_id = x.main_account_id AND message_id = x.message_id LIMIT 1) AS e`,
    values: idColumns(named),
  });
  const early = rows.map((row) => ({
    mainAccountId: row.main_account_id,
    messageId: row.message_id,
    delivery: toDelivery(row),
  }));
  return new Map(early.map((each) => [keyOf(each), each]));
}

export async function loadRefunds(
  client: pg.PoolClient,
  refunds: readonly Pick<RefundFact, 'mainAccountId' | 'refundId'>[],
): Promise<Map<string, RefundFact>> {
  if (refunds.length === 0) return new Map();
  const { rows } = await client.query<RefundColumns>({
    name: 'message-log-refunds',
    text: `SELECT r.main_account_id, r.refund_id, r.message_id, r.millipoints, r.source_partition, r.source_offset
      FROM unnest($1::text[], $2::text[]) AS x (main_account_id, refund_id)
      CROSS JOIN LATERAL (SELECT * FROM message_refund
        WHERE main_account_id = x.main_account_id AND refund_id = x.refund_id LIMIT 1) AS r`,
    values: columns(
      refunds,
      (refund) => refund.mainAccountId,
      (refund) => refund.refundId,
    ),
  });
  const found = rows.map(
    (row): RefundFact => ({
      kind: 'refund',
      mainAccountId: row.main_account_id,
      messageId: row.message_id,
      refundId: row.refund_id,
      millipoints: row.millipoints,
      source: { partition: row.source_partition, offset: row.source_offset },
    }),
  );
  return new Map(found.map((refund) => [refundKeyOf(refund), refund]));
}

export async function loadRefundSums(
  client: pg.PoolClient,
  named: readonly Named[],
): Promise<Map<string, bigint>> {
  const { rows } = await client.query<{ main_account_id: string; message_id: string; sum: bigint }>({
    name: 'message-log-refund-sums',
    text: `SELECT x.main_account_id, x.message_id, r.sum
      FROM unnest($1::text[], $2::text[]) AS x (main_account_id, message_id)
      CROSS JOIN LATERAL (SELECT sum(millipoints)::bigint AS sum FROM message_refund
        WHERE main_account_id = x.main_account_id AND message_id = x.message_id) AS r
      WHERE r.sum IS NOT NULL`,
    values: idColumns(named),
  });
  return new Map(
    rows.map((row) => [keyOf({ mainAccountId: row.main_account_id, messageId: row.message_id }), row.sum]),
  );
}

const ms = (at: Date | null): number | null => at?.getTime() ?? null;
const toDelivery = (row: DeliveryColumns): Delivery => ({
  status: row.status,
  statusAt: ms(row.status_at),
  endedAt: ms(row.delivery_end_at),
  shortlinkStatus: row.shortlink_status,
  shortlinkStatusAt: ms(row.shortlink_status_at),
  shortlinkUrl: row.shortlink_url,
  shortlinkUrlAt: ms(row.shortlink_url_at),
});
