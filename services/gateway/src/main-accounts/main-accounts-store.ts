import type { MainAccountView, Suspension } from '@subledger/contracts';
import { formatPoints } from '@subledger/core';
import { decodeCursor, instantKey, page } from '../database/cursor.js';
import { contains } from '../database/folded.js';
import { readingWithin, type SqlReader } from '../database/sql-reader.js';
import { Prisma } from '../generated/prisma/client.js';
import { ProblemError } from '../request/problem.js';

/** A visible main account: its row with the ledger's state. Amounts are millipoints. */
export interface MainAccountRow {
  id: string;
  name: string;
  country: string;
  loginKey: string;
  activationRequestedAt: Date | null;
  createdAt: Date;
  plan: 'prepay' | 'postpay';
  timeZone: string;
  creditLimit: bigint | null;
  fundingPolicy: 'full' | 'partial';
  feature: 'inactive' | 'active';
  suspended: boolean;
  suspensions: Suspension[];
  suspendBelow: bigint | null;
  nextTimeZone: string | null;
  period: string;
  balance: bigint;
  allocated: bigint;
  activeSubAccounts: number;
}

export const MAIN_ACCOUNT_COLUMNS = Prisma.sql`
  m.id, m.name, m.country, m.login_key AS "loginKey", m.activation_requested_at AS "activationRequestedAt",
  m.created_at AS "createdAt", st.plan, st.time_zone AS "timeZone", st.credit_limit AS "creditLimit",
  st.funding_policy AS "fundingPolicy", st.feature, st.suspended, st.suspensions, st.suspend_below AS "suspendBelow",
  st.next_time_zone AS "nextTimeZone", st.period, st.balance, st.allocated,
  st.active_sub_accounts AS "activeSubAccounts"`;
export const MAIN_ACCOUNT_FROM = Prisma.sql`FROM main_account m JOIN main_account_state st ON st.main_account_id = m.id`;

export class MainAccountsStore {
  constructor(
    private readonly reader: SqlReader,
    private readonly publicUrl: string,
  ) {}

  /** The same store, reading inside a transaction. */
  within(tx: Prisma.TransactionClient): MainAccountsStore {
    return new MainAccountsStore(readingWithin(tx), this.publicUrl);
  }

  /** @throws ProblemError `not-found` if it does not exist, or its books are not open yet */
  async get(id: string): Promise<MainAccountRow> {
    const rows = await this.reader.prepared<MainAccountRow>(
      Prisma.sql`SELECT ${MAIN_ACCOUNT_COLUMNS} ${MAIN_ACCOUNT_FROM} WHERE m.id = ${id}`,
    );
    const [row] = rows;
    if (!row) throw ProblemError.notFound();
    return row;
  }

  async view(id: string): Promise<MainAccountView> {
    return this.toView(await this.get(id));
  }

  /** Oldest first. */
  async list(query: { limit: number; cursor?: string | undefined; q?: string | undefined }) {
    const [after] = decodeCursor(query.cursor, 'main-accounts', 1) ?? [];
    const conditions = [
      ...(after === undefined ? [] : [Prisma.sql`m.id > ${after}`]),
      ...(query.q === undefined ? [] : [contains(Prisma.sql`m.name`, query.q)]),
    ];
    const where =
      conditions.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join(conditions, ' AND ')}`;
    const rows = await this.reader.rows<MainAccountRow>(
      Prisma.sql`SELECT ${MAIN_ACCOUNT_COLUMNS} ${MAIN_ACCOUNT_FROM} ${where} ORDER BY m.id LIMIT ${query.limit + 1}`,
    );
    return page(
      rows,
      query.limit,
      (row) => this.toView(row),
      (row) => ({ list: 'main-accounts', keys: [row.id] }),
    );
  }

  /** Waiting requests for activation, oldest first. */
  async activationRequests(query: { limit: number; cursor?: string | undefined }) {
    const [at, id] = decodeCursor(query.cursor, 'activation-requests', 2) ?? [];
    const after =
      at === undefined || id === undefined
        ? Prisma.empty
        : Prisma.sql`AND (m.activation_requested_at, m.id) > (${instantKey(at)}::timestamptz, ${id})`;
    const rows = await this.reader.rows<MainAccountRow>(
      Prisma.sql`SELECT ${MAIN_ACCOUNT_COLUMNS} ${MAIN_ACCOUNT_FROM} WHERE m.activation_requested_at IS NOT NULL ${after}
                 ORDER BY m.activation_requested_at, m.id LIMIT ${query.limit + 1}`,
    );
    const requestedAt = (row: MainAccountRow) => row.activationRequestedAt ?? row.createdAt;
    return page(
      rows,
      query.limit,
      (row) => ({
        mainAccountId: row.id,
        name: row.name,
        plan: row.plan,
        requestedAt: requestedAt(row).toISOString(),
      }),
      (row) => ({ list: 'activation-requests', keys: [String(requestedAt(row).getTime()), row.id] }),
    );
  }

  toView(row: MainAccountRow): MainAccountView {
    const isRequested = row.feature === 'inactive' && row.activationRequestedAt !== null;
    return {
      id: row.id,
      name: row.name,
      plan: row.plan,
      timeZone: row.timeZone,
      nextTimeZone: row.nextTimeZone,
      country: row.country,
      creditLimit: row.creditLimit === null ? null : formatPoints(row.creditLimit),
      fundingPolicy: row.fundingPolicy,
      suspendBelow: row.suspendBelow === null ? null : formatPoints(row.suspendBelow),
      suspensions: row.suspensions,
      feature: isRequested ? 'requested' : row.feature,
      period: row.period,
      balance: formatPoints(row.balance),
      allocated: formatPoints(row.allocated),
      loginUrl: `${this.publicUrl}/login/${row.loginKey}`,
      createdAt: row.createdAt.toISOString(),
    };
  }
}

/** Locks a main account's settings until the transaction ends. */
export async function lockMainAccount(
  tx: Pick<Prisma.TransactionClient, '$executeRaw'>,
  id: string,
): Promise<void> {
  await tx.$executeRaw`SELECT 1 FROM main_account WHERE id = ${id} FOR UPDATE`;
}
