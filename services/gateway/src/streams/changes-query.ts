import type { MainAccountView, SubAccountView } from '@subledger/contracts';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import {
  MAIN_ACCOUNT_COLUMNS,
  MAIN_ACCOUNT_FROM,
  type MainAccountRow,
  type MainAccountsStore,
} from '../main-accounts/main-accounts-store.js';
import { type Operation, toOperation } from '../operations/operation.js';
import {
  SUB_ACCOUNT_COLUMNS,
  SUB_ACCOUNT_FROM,
  type SubAccountRow,
  toSubAccountView,
} from '../sub-accounts/sub-accounts-store.js';
import { isWrittenSince, type StreamPosition, sinceColumns, sinceValues } from './stream-position.js';

/** If more objects of a main account change at once, the stream sends a reset instead of single events. */
export const MAX_CHANGES = 500;
/**
 * Maximum duration of a transaction: an operation's end may be this much older than the moment at which its
 * transaction became visible.
 */
const SLOWEST_SECONDS = 60;

export interface MainChange {
  readonly view: MainAccountView;
  readonly isSuspended: boolean;
  readonly timeZone: string;
  readonly isChanged: boolean;
}
export interface SubChange {
  readonly mainAccountId: string;
  readonly view: SubAccountView;
}
/** A query for the sub-accounts of one main account. */
export interface SubsWanted {
  readonly mainAccountId: string;
  /** Only changes since this position. Default: all sub-accounts. */
  readonly since?: StreamPosition;
}
type Database = Pick<PrismaClient, '$queryRaw'>;

/** Reads changed states in the form of REST answers. */
export class ChangesQuery {
  constructor(
    private readonly prisma: Database,
    private readonly mains: MainAccountsStore,
  ) {}

  /** These main accounts, whether changed or not. */
  async mainsOf(ids: readonly string[], since: StreamPosition): Promise<MainChange[]> {
    return this.#findMains(since, Prisma.sql`WHERE m.id = ANY(${ids}::text[]) ORDER BY m.id`);
  }

  /** All changed main accounts, at most `MAX_CHANGES` + 1. */
  async changedMains(since: StreamPosition): Promise<MainChange[]> {
    const changed = mainSince(since);
    return this.#findMains(since, Prisma.sql`WHERE ${changed} ORDER BY m.id LIMIT ${MAX_CHANGES + 1}`);
  }

  /** Changed sub-accounts, including deleted ones, at most `MAX_CHANGES` + 1 per main account. */
  async subsSince(wanted: readonly SubsWanted[]): Promise<SubChange[]> {
    if (wanted.length === 0) return [];
    const { since, values } = columnsOf(wanted);
    const rows = await this.prisma.$queryRaw<(SubAccountRow & { mainAccountId: string })[]>(Prisma.sql`
      SELECT sub.* FROM unnest(${wanted.map((one) => one.mainAccountId)}::text[],
                               ${wanted.map((one) => one.since === undefined)}::bool[], ${values})
                          AS d (main, is_all, lower, span, running)
       CROSS JOIN LATERAL (
         SELECT s.main_account_id AS "mainAccountId", ${SUB_ACCOUNT_COLUMNS} ${SUB_ACCOUNT_FROM}
          WHERE s.main_account_id = d.main
            AND (d.is_all OR ${isWrittenSince([Prisma.sql`s.xmin`, Prisma.sql`st.xmin`], since)})
          LIMIT ${MAX_CHANGES + 1}) AS sub`);
    return rows.map(toSubChange);
  }

  /** These sub-accounts. With `since`, only if they or their main account's settings have changed. */
  async subsOf(
    pairs: readonly (readonly [mainAccountId: string, subAccountId: string])[],
    since?: StreamPosition,
  ): Promise<SubChange[]> {
    if (pairs.length === 0) return [];
    const changed = since === undefined ? Prisma.empty : Prisma.sql`WHERE ${subSince(since)}`;
    const rows = await this.prisma.$queryRaw<(SubAccountRow & { mainAccountId: string })[]>(Prisma.sql`
      SELECT s.main_account_id AS "mainAccountId", ${SUB_ACCOUNT_COLUMNS} ${SUB_ACCOUNT_FROM}
        JOIN unnest(${pairs.map(([main]) => main)}::text[], ${pairs.map(([, sub]) => sub)}::text[]) AS x (main, sub)
          ON s.main_account_id = x.main AND s.id = x.sub
        JOIN main_account m ON m.id = s.main_account_id ${changed}`);
    return rows.map(toSubChange);
  }

  /** Operations of these main accounts that have ended since, oldest first, at most `MAX_CHANGES` + 1 of each. */
  async operationsOf(wanted: readonly Required<SubsWanted>[]): Promise<Operation[]> {
    if (wanted.length === 0) return [];
    const { since, values } = columnsOf(wanted);
    const seconds = wanted.map((one) => one.since.seconds - SLOWEST_SECONDS);
    const rows = await this.prisma.$queryRaw<OperationRow[]>(Prisma.sql`
      SELECT done.* FROM unnest(${wanted.map((one) => one.mainAccountId)}::text[], ${seconds}::float8[], ${values})
                           AS d (main, seconds, lower, span, running)
       CROSS JOIN LATERAL (
         SELECT ${OPERATION_COLUMNS} FROM operation o
          WHERE o.main_account_id = d.main AND o.state = 'done' AND o.done_at >= to_timestamp(d.seconds)
            AND ${isWrittenSince([Prisma.sql`o.xmin`], since)}
          ORDER BY o.done_at, o.id LIMIT ${MAX_CHANGES + 1}) AS done`);
    return rows.map(toOperation);
  }

  /** The same for operators' operations, in any main account. */
  async operationsOfOperators(since: StreamPosition): Promise<Operation[]> {
    const rows = await this.prisma.$queryRaw<OperationRow[]>(Prisma.sql`
      SELECT ${OPERATION_COLUMNS} FROM operation o
       WHERE o.asker = 'operator' AND o.state = 'done'
         AND o.done_at >= to_timestamp(${since.seconds - SLOWEST_SECONDS}::float8)
         AND ${isWrittenSince([Prisma.sql`o.xmin`], sinceColumns(since))}
       ORDER BY o.done_at, o.id LIMIT ${MAX_CHANGES + 1}`);
    return rows.map(toOperation);
  }

  async #findMains(since: StreamPosition, where: Prisma.Sql): Promise<MainChange[]> {
    const changed = mainSince(since);
    const rows = await this.prisma.$queryRaw<(MainAccountRow & { isChanged: boolean })[]>(
      Prisma.sql`SELECT ${MAIN_ACCOUNT_COLUMNS}, ${changed} AS "isChanged" ${MAIN_ACCOUNT_FROM} ${where}`,
    );
    return rows.map((row) => ({
      view: this.mains.toView(row),
      isSuspended: row.suspended,
      timeZone: row.timeZone,
      isChanged: row.isChanged,
    }));
  }
}

type OperationRow = Parameters<typeof toOperation>[0];
const OPERATION_COLUMNS = Prisma.sql`
  o.id, o.main_account_id AS "mainAccountId", o.sub_account_id AS "subAccountId", o.action, o.asker, o.command, o.state,
  o.outcome, o.created_at AS "createdAt", o.done_at AS "doneAt"`;

/** Positions as the columns `lower`, `span`, `running` of a table `d`. All are zero if there is no position. */
function columnsOf(wanted: readonly SubsWanted[]) {
  const rows = wanted.map(({ since }) => (since ? sinceValues(since) : ([0n, 0n, '{}'] as const)));
  const values = Prisma.sql`${rows.map(([lower]) => lower)}::bigint[], ${rows.map(([, span]) => span)}::bigint[],
    ${rows.map(([, , running]) => running)}::text[]`;
  const since = {
    lower: Prisma.sql`d.lower`,
    span: Prisma.sql`d.span`,
    running: Prisma.sql`d.running::bigint[]`,
  };
  return { since, values };
}

const mainSince = (since: StreamPosition): Prisma.Sql =>
  isWrittenSince([Prisma.sql`m.xmin`, Prisma.sql`st.xmin`], sinceColumns(since));
const subSince = (since: StreamPosition): Prisma.Sql =>
  isWrittenSince([Prisma.sql`s.xmin`, Prisma.sql`st.xmin`, Prisma.sql`m.xmin`], sinceColumns(since));

const toSubChange = (row: SubAccountRow & { mainAccountId: string }): SubChange => ({
  mainAccountId: row.mainAccountId,
  view: toSubAccountView(row),
});
