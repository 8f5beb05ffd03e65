import type { TransferLine } from '@subledger/contracts';
import { formatPoints } from '@subledger/core';
import { decodeCursor, numericKey, page } from '../database/cursor.js';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { ProblemError } from '../request/problem.js';

export interface TransferQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly period?: string | undefined;
  readonly order: 'asc' | 'desc';
}

interface Row {
  sequence: bigint;
  at: Date;
  kind: string;
  from: string;
  to: string;
  millipoints: bigint;
  balanceAfter: bigint;
  subAccountId: string | null;
  period: string;
  reference: string;
}

const columns = (balance: Prisma.Sql) => Prisma.sql`
  sequence, at, kind, from_kind AS "from", to_kind AS "to", millipoints, ${balance} AS "balanceAfter",
  sub_account_id AS "subAccountId", period, reference`;

/** Statements: the transfers of one account, with its balance after each. */
export class TransfersStore {
  constructor(private readonly prisma: PrismaClient) {}

  ofMain(mainAccountId: string, query: TransferQuery, kind?: 'purchase') {
    const where = [
      Prisma.sql`main_account_id = ${mainAccountId}`,
      ...(kind === undefined ? [] : [Prisma.sql`kind = ${kind}`]),
    ];
    return this.#list(
      `transfers:${kind ?? 'main'}`,
      where,
      Prisma.sql`main_line`,
      Prisma.sql`main_balance`,
      query,
    );
  }

  ofSub(mainAccountId: string, subAccountId: string, query: TransferQuery) {
    const where = [
      Prisma.sql`main_account_id = ${mainAccountId}`,
      Prisma.sql`sub_account_id = ${subAccountId}`,
    ];
    return this.#list('transfers:sub', where, Prisma.sql`sub_line`, Prisma.sql`sub_balance`, query);
  }

  /** @throws ProblemError `not-found` if main's statement has no such line */
  async lineOfMain(mainAccountId: string, sequence: number): Promise<TransferLine> {
    const rows = await this.prisma.$queryRaw<Row[]>(
      Prisma.sql`SELECT ${columns(Prisma.sql`main_balance`)} FROM transfer
                  WHERE main_account_id = ${mainAccountId} AND main_line = ${BigInt(sequence)}`,
    );
    const [row] = rows;
    if (!row) throw ProblemError.notFound();
    return toLine(row);
  }

  /** @param line column with the sequence if the transfer concerns the account, otherwise null */
  async #list(
    name: string,
    where: Prisma.Sql[],
    line: Prisma.Sql,
    balance: Prisma.Sql,
    query: TransferQuery,
  ): Promise<{ items: TransferLine[]; nextCursor: string | null }> {
    const list = `${name}:${query.order}`;
    const [after] = decodeCursor(query.cursor, list, 1) ?? [];
    const isAscending = query.order === 'asc';
    const conditions = [...where, Prisma.sql`${line} IS NOT NULL`];
    if (query.period !== undefined) conditions.push(Prisma.sql`period = ${query.period}`);
    if (after !== undefined) {
      conditions.push(Prisma.sql`${line} ${Prisma.raw(isAscending ? '>' : '<')} ${numericKey(after)}`);
    }
    const rows = await this.prisma.$queryRaw<Row[]>(
      Prisma.sql`SELECT ${columns(balance)} FROM transfer WHERE ${Prisma.join(conditions, ' AND ')}
                 ORDER BY ${line} ${Prisma.raw(isAscending ? 'ASC' : 'DESC')} LIMIT ${query.limit + 1}`,
    );
    return page(rows, query.limit, toLine, (row) => ({ list, keys: [String(row.sequence)] }));
  }
}

function toLine(row: Row): TransferLine {
  return {
    sequence: Number(row.sequence),
    at: row.at.toISOString(),
    kind: row.kind as TransferLine['kind'],
    from: row.from as TransferLine['from'],
    to: row.to as TransferLine['to'],
    points: formatPoints(row.millipoints),
    balanceAfter: formatPoints(row.balanceAfter),
    subAccountId: row.subAccountId,
    period: row.period,
    reference: row.reference,
  };
}
