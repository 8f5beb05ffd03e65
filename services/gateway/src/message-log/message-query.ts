import type { MessageLine, MessageStatus } from '@subledger/contracts';
import { formatPoints } from '@subledger/core';
import { decodeCursor, instantKey, page } from '../database/cursor.js';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';

/** Filters of the log. Instants are ISO texts: from inclusive, to exclusive. */
interface MessageFilter {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly subAccount?: string | undefined;
  readonly status?: MessageStatus | undefined;
  readonly messageId?: string | undefined;
  /** Notations of one recipient. */
  readonly recipients?: readonly string[] | undefined;
}
interface MessageListQuery extends MessageFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

interface Row {
  messageId: string;
  subAccountId: string;
  subAccount: string;
  sentAt: Date;
  statusUpdatedAt: Date | null;
  deliveryEndedAt: Date | null;
  recipient: string;
  sender: string;
  content: string;
  segments: number;
  status: MessageStatus | null;
  millipoints: bigint;
  refunded: bigint;
  shortlinkStatus: string | null;
  shortlinkUrl: string | null;
}

/**
 * Newest first, with keyset pagination: new messages do not shift pages. The log's ids compare byte by byte. Without
 * the collation of `sub_account` a join could not use its index.
 */
export async function listMessages(
  prisma: Pick<PrismaClient, '$queryRaw'>,
  mainAccountId: string,
  query: MessageListQuery,
): Promise<{ items: MessageLine[]; nextCursor: string | null }> {
  const list = 'messages';
  const conditions = [Prisma.sql`m.main_account_id = ${mainAccountId}`, ...filters(query)];
  const [sentMs, messageId] = decodeCursor(query.cursor, list, 2) ?? [];
  if (sentMs !== undefined && messageId !== undefined) {
    const sentAt = Prisma.sql`${instantKey(sentMs)}::timestamptz(3)`;
    conditions.push(Prisma.sql`(m.sent_at, m.message_id) < (${sentAt}, ${messageId})`);
  }
  const rows = await prisma.$queryRaw<Row[]>(
    Prisma.sql`SELECT m.message_id AS "messageId", m.sub_account_id AS "subAccountId",
        coalesce(s.name, m.sub_account_id) AS "subAccount", m.sent_at AS "sentAt", m.status_at AS "statusUpdatedAt",
        m.delivery_end_at AS "deliveryEndedAt", m.recipient, m.sender, m.content, m.segments, m.status, m.millipoints,
        m.refunded, m.shortlink_status AS "shortlinkStatus", m.shortlink_url AS "shortlinkUrl"
      FROM message_log m
      LEFT JOIN sub_account s ON s.main_account_id = ${mainAccountId} AND s.id = m.sub_account_id COLLATE "default"
      WHERE ${Prisma.join(conditions, ' AND ')}
      ORDER BY m.sent_at DESC, m.message_id DESC LIMIT ${query.limit + 1}`,
  );
  return page(rows, query.limit, toLine, (row) => ({
    list,
    keys: [String(row.sentAt.getTime()), row.messageId],
  }));
}

function filters(filter: MessageFilter): Prisma.Sql[] {
  const { from, to, subAccount, status, messageId, recipients } = filter;
  return [
    ...(from === undefined ? [] : [Prisma.sql`m.sent_at >= ${from}::timestamptz`]),
    ...(to === undefined ? [] : [Prisma.sql`m.sent_at < ${to}::timestamptz`]),
    ...(subAccount === undefined ? [] : [Prisma.sql`m.sub_account_id = ${subAccount}`]),
    ...(status === undefined ? [] : [Prisma.sql`m.status = ${status}`]),
    // The id gives the only possible time of sending.
    ...(messageId === undefined
      ? []
      : [
          Prisma.sql`m.message_id = ${messageId} AND m.sent_at = (SELECT k.sent_at FROM message_key k
            WHERE k.main_account_id = m.main_account_id AND k.message_id = ${messageId})`,
        ]),
    // Includes full-width recipients. Their lengths reveal them, because normalizing each recipient would take longer
    // than the search.
    ...(recipients === undefined
      ? []
      : [
          Prisma.sql`(m.recipient = ANY(${recipients}::text[]) OR octet_length(m.recipient) > length(m.recipient)
            AND normalize(m.recipient, NFKC) = ANY(${recipients}::text[]))`,
        ]),
  ];
}

function toLine(row: Row): MessageLine {
  const { millipoints, refunded, sentAt, statusUpdatedAt, deliveryEndedAt, ...same } = row;
  return {
    ...same,
    sentAt: sentAt.toISOString(),
    statusUpdatedAt: statusUpdatedAt?.toISOString() ?? null,
    deliveryEndedAt: deliveryEndedAt?.toISOString() ?? null,
    points: formatPoints(millipoints),
    refunded: formatPoints(refunded),
    usedPoints: formatPoints(millipoints - refunded),
  };
}
