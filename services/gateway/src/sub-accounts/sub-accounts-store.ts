import { hash } from 'node:crypto';
import type { SubAccountSort, SubAccountStatus, SubAccountView } from '@subledger/contracts';
import { formatPoints } from '@subledger/core';
import { decodeCursor, numericKey, page } from '../database/cursor.js';
import { contains } from '../database/folded.js';
import { readingWithin, type SqlReader } from '../database/sql-reader.js';
import { Prisma } from '../generated/prisma/client.js';
import { ProblemError } from '../request/problem.js';

/** A visible sub-account: its row with the ledger's state. Amounts are millipoints. */
export interface SubAccountRow {
  id: string;
  name: string;
  senderNumbers: string[];
  settingsVersion: number;
  createdAt: Date;
  updatedAt: Date;
  status: SubAccountStatus;
  period: string;
  limit: bigint;
  nextLimit: bigint | null;
  boost: bigint;
  granted: bigint;
  used: bigint;
  overage: bigint;
  held: bigint;
  remaining: bigint;
  shortfall: bigint;
  priority: number;
}

/**
 * Status in the design's order (section 2). Suspension comes from the main account, so it shows on all of its
 * sub-accounts at once.
 */
const STATUS = Prisma.sql`CASE
  WHEN st.lifecycle <> 'active' THEN st.lifecycle
  WHEN ms.suspended THEN 'suspended'
  WHEN st.paused THEN 'paused'
  WHEN st.shortfall > 0 AND st.remaining = 0 THEN 'unfunded'
  ELSE 'active' END`;
export const SUB_ACCOUNT_COLUMNS = Prisma.sql`
  s.id, s.name, s.sender_numbers AS "senderNumbers", s.settings_version AS "settingsVersion",
  s.created_at AS "createdAt", greatest(s.updated_at, st.at) AS "updatedAt", ${STATUS} AS status, st.period,
  st.limit_points AS "limit", st.next_limit AS "nextLimit", st.boost, st.granted, st.used, st.overage, st.held,
  st.remaining, st.shortfall, st.priority`;
export const SUB_ACCOUNT_FROM = Prisma.sql`
  FROM sub_account s
  JOIN sub_account_state st ON st.main_account_id = s.main_account_id AND st.sub_account_id = s.id
  JOIN main_account_state ms ON ms.main_account_id = s.main_account_id`;

/** SQL of each sort order, and the conversion of a row's key to a cursor and back. */
const SORTS: Record<
  SubAccountSort,
  { sql: Prisma.Sql; isText: boolean; key: (row: SubAccountRow) => string }
> = {
  createdAt: { sql: Prisma.sql`s.id`, isText: true, key: (row) => row.id },
  name: { sql: Prisma.sql`lower(s.name) COLLATE "C"`, isText: true, key: (row) => row.name.toLowerCase() },
  limit: { sql: Prisma.sql`st.limit_points`, isText: false, key: (row) => String(row.limit) },
  used: { sql: Prisma.sql`st.used`, isText: false, key: (row) => String(row.used) },
  remaining: { sql: Prisma.sql`st.remaining`, isText: false, key: (row) => String(row.remaining) },
  priority: { sql: Prisma.sql`st.priority`, isText: false, key: (row) => String(row.priority) },
};

export interface SubAccountListQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly status?: SubAccountStatus | undefined;
  readonly q?: string | undefined;
  readonly sort: SubAccountSort | `-${SubAccountSort}`;
}

export class SubAccountsStore {
  constructor(private readonly reader: SqlReader) {}

  /** The same store, reading inside a transaction. */
  within(tx: Prisma.TransactionClient): SubAccountsStore {
    return new SubAccountsStore(readingWithin(tx));
  }

  /** @throws ProblemError `not-found` if it does not exist, is deleted, or is not open yet */
  async get(mainAccountId: string, id: string): Promise<SubAccountRow> {
    const row = await this.find(mainAccountId, id);
    if (!row || row.status === 'deleted') throw ProblemError.notFound();
    return row;
  }

  /** Includes a deleted one, because its statement stays. */
  async find(mainAccountId: string, id: string): Promise<SubAccountRow | undefined> {
    const rows = await this.reader.prepared<SubAccountRow>(
      Prisma.sql`SELECT ${SUB_ACCOUNT_COLUMNS} ${SUB_ACCOUNT_FROM} WHERE s.main_account_id = ${mainAccountId} AND s.id = ${id}`,
    );
    return rows[0];
  }

  async list(mainAccountId: string, query: SubAccountListQuery) {
    const isDescending = query.sort.startsWith('-');
    const { sql, isText, key } = SORTS[query.sort.replace('-', '') as SubAccountSort];
    const list = `sub-accounts:${query.sort}`;
    const after = decodeCursor(query.cursor, list, 2);
    const conditions = [
      Prisma.sql`s.main_account_id = ${mainAccountId}`,
      query.status === undefined
        ? Prisma.sql`st.lifecycle <> 'deleted'`
        : Prisma.sql`${STATUS} = ${query.status}`,
      ...(query.q === undefined ? [] : [contains(Prisma.sql`s.name`, query.q)]),
    ];
    if (after) {
      // Without its type the value would get that of the column, which may be too small.
      const value = isText
        ? Prisma.sql`${after[0] as string}`
        : Prisma.sql`${numericKey(after[0] as string)}::int8`;
      const comparison = Prisma.raw(isDescending ? '<' : '>');
      conditions.push(Prisma.sql`(${sql}, s.id) ${comparison} (${value}, ${after[1] as string})`);
    }
    const direction = Prisma.raw(isDescending ? 'DESC' : 'ASC');
    const rows = await this.reader.prepared<SubAccountRow>(
      Prisma.sql`SELECT ${SUB_ACCOUNT_COLUMNS} ${SUB_ACCOUNT_FROM} WHERE ${Prisma.join(conditions, ' AND ')}
                 ORDER BY ${sql} ${direction}, s.id ${direction} LIMIT ${query.limit + 1}`,
    );
    return page(rows, query.limit, toSubAccountView, (row) => ({ list, keys: [key(row), row.id] }));
  }

  /** Ids of active sub-accounts, at most `limit`: they block a plan switch. */
  async activeIds(mainAccountId: string, limit: number): Promise<string[]> {
    const rows = await this.reader.rows<{ subAccountId: string }>(
      Prisma.sql`SELECT sub_account_id AS "subAccountId" FROM sub_account_state
                  WHERE main_account_id = ${mainAccountId} AND lifecycle = 'active'
                  ORDER BY sub_account_id LIMIT ${limit}`,
    );
    return rows.map((row) => row.subAccountId);
  }
}

export function toSubAccountView(row: SubAccountRow): SubAccountView {
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    period: row.period,
    limit: formatPoints(row.limit),
    nextLimit: row.nextLimit === null ? null : formatPoints(row.nextLimit),
    boost: formatPoints(row.boost),
    granted: formatPoints(row.granted),
    used: formatPoints(row.used),
    overage: formatPoints(row.overage),
    held: formatPoints(row.held),
    remaining: formatPoints(row.remaining),
    shortfall: formatPoints(row.shortfall),
    priority: row.priority,
    senderNumbers: row.senderNumbers,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/**
 * Identifies the settings that a PATCH changes, without the counters, which change with every message (RFC 9110,
 * section 8.8.3).
 */
export function etagOf(row: SubAccountRow): string {
  const settings = [row.id, row.settingsVersion, row.limit, row.nextLimit, row.priority].join(' ');
  return `"${hash('sha256', settings, 'base64url').slice(0, 22)}"`;
}
