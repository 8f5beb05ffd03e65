import type { UsageView } from '@subledger/contracts';
import { formatPoints } from '@subledger/core';
import { decodeCursor, numericKey, page } from '../database/cursor.js';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';

/** The account, month and zone of a usage query. */
export interface UsageScope {
  readonly mainAccountId: string;
  readonly subAccountId?: string;
  /** `YYYY-MM`. */
  readonly period: string;
  readonly timeZone: string;
}

interface Figures {
  messages: bigint;
  millipoints: bigint;
  refunded: bigint;
}

const view = ({ messages, millipoints, refunded }: Figures) => ({
  messages: Number(messages),
  points: formatPoints(millipoints),
  refunded: formatPoints(refunded),
});
const SUMS = Prisma.sql`coalesce(sum(u.messages), 0)::bigint AS messages,
  coalesce(sum(u.millipoints), 0)::bigint AS millipoints, coalesce(sum(u.refunded), 0)::bigint AS refunded`;

/** The sums of this month. It begins with the zone's first instant of the month, as periods do. */
function inScope({ mainAccountId, subAccountId, period, timeZone }: UsageScope): Prisma.Sql {
  const first = Prisma.sql`(${`${period}-01`}::date)::timestamp`;
  return Prisma.sql`u.main_account_id = ${mainAccountId}
    AND u.quarter >= (${first} AT TIME ZONE ${timeZone})
    AND u.quarter < ((${first} + INTERVAL '1 month') AT TIME ZONE ${timeZone})
    ${subAccountId === undefined ? Prisma.empty : Prisma.sql`AND u.sub_account_id = ${subAccountId}`}`;
}

type Db = Pick<PrismaClient, '$queryRaw'>;

async function totalOf(prisma: Db, scope: UsageScope): Promise<UsageView['total']> {
  const rows = await prisma.$queryRaw<Figures[]>(
    Prisma.sql`SELECT ${SUMS} FROM message_usage u WHERE ${inScope(scope)}`,
  );
  return view(rows[0] as Figures);
}

/** Every day of the month, in order. */
export async function usageByDay(prisma: Db, scope: UsageScope): Promise<UsageView> {
  const { period, timeZone } = scope;
  const first = Prisma.sql`${`${period}-01`}::date`;
  const rows = await prisma.$queryRaw<(Figures & { day: string })[]>(
    Prisma.sql`SELECT to_char(days.day, 'YYYY-MM-DD') AS day, coalesce(sums.messages, 0)::bigint AS messages,
        coalesce(sums.millipoints, 0)::bigint AS millipoints, coalesce(sums.refunded, 0)::bigint AS refunded
      FROM generate_series(${first}::timestamp, ${first} + INTERVAL '1 month' - INTERVAL '1 day', '1 day') AS days (day)
      LEFT JOIN (SELECT (u.quarter AT TIME ZONE ${timeZone})::date AS day, ${SUMS}
        FROM message_usage u WHERE ${inScope(scope)} GROUP BY 1) AS sums ON sums.day = days.day::date
      ORDER BY days.day`,
  );
  const items = rows.map((row) => ({ day: row.day, ...view(row) }));
  return { period, timeZone, by: 'day', items, total: await totalOf(prisma, scope), nextCursor: null };
}

/** Those with the most points first. */
export async function usageBySubAccount(
  prisma: Db,
  scope: UsageScope,
  query: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<UsageView> {
  const { period, timeZone } = scope;
  const list = `usage:${period}`;
  const [points, id] = decodeCursor(query.cursor, list, 2) ?? [];
  const after =
    points === undefined || id === undefined
      ? Prisma.empty
      : Prisma.sql`WHERE (-t.millipoints, t.sub_account_id) > (${-numericKey(points)}::bigint, ${id})`;
  const rows = await prisma.$queryRaw<(Figures & { subAccountId: string; subAccount: string })[]>(
    Prisma.sql`SELECT t.sub_account_id AS "subAccountId", coalesce(s.name, t.sub_account_id) AS "subAccount",
        t.messages, t.millipoints, t.refunded
      FROM (SELECT u.sub_account_id, ${SUMS} FROM message_usage u WHERE ${inScope(scope)}
        GROUP BY u.sub_account_id HAVING sum(u.messages) > 0) AS t
      LEFT JOIN sub_account s ON s.main_account_id = ${scope.mainAccountId} AND s.id = t.sub_account_id COLLATE "default"
      ${after} ORDER BY -t.millipoints, t.sub_account_id LIMIT ${query.limit + 1}`,
  );
  const { items, nextCursor } = page(
    rows,
    query.limit,
    (row) => ({ subAccountId: row.subAccountId, subAccount: row.subAccount, ...view(row) }),
    (row) => ({ list, keys: [String(row.millipoints), row.subAccountId] }),
  );
  return { period, timeZone, by: 'sub-account', items, total: await totalOf(prisma, scope), nextCursor };
}
