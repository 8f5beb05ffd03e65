import { Prisma, type PrismaClient } from '../generated/prisma/client.js';

/**
 * A moment of the database: what was written by transactions before `xid` has been seen. Every row names the
 * transaction that wrote it (`xmin`), so "what changed since" needs no column, whoever wrote it and in which table.
 */
export interface StreamPosition {
  /** Tells databases apart: after a restore the table has another oid, and transactions count anew. */
  readonly table: string;
  /** The oldest transaction that was still running. */
  readonly xid: bigint;
  /** The database's clock, in seconds since 1970. */
  readonly seconds: number;
}

/** Where one stream stands; `isSuspended` is of its main account, since that changes what sub-accounts look like. */
export interface StreamId extends StreamPosition {
  readonly isSuspended: boolean;
}

interface Row {
  table: string;
  xid: string;
  seconds: bigint;
}

/** Read it before the states: they are then at least as new. */
export async function readPosition(prisma: Pick<PrismaClient, '$queryRaw'>): Promise<StreamPosition> {
  const [row] = await prisma.$queryRaw<Row[]>(Prisma.sql`
    SELECT 'main_account_state'::regclass::oid::text AS "table", pg_snapshot_xmin(pg_current_snapshot())::text AS xid,
           floor(extract(epoch FROM now()))::bigint AS seconds`);
  if (!row) throw new Error('The database told no position');
  return { table: row.table, xid: BigInt(row.xid), seconds: Number(row.seconds) };
}

const XIDS = 2n ** 32n;
/** Rows name the lower half of a transaction's number; closer than this it is plain which one is meant. */
const MAX_DISTANCE = 2n ** 30n;

/** The lower half of a transaction's number, as rows have it. */
export const lowerHalf = (xid: bigint): bigint => xid % XIDS;

/**
 * Whether the row was written since; true now and then for one that was not (the number of a row that is older than
 * four billion transactions means nothing).
 * @param xmin of a row
 * @param since lower half of a transaction's number
 */
export const isWrittenSince = (xmin: Prisma.Sql, since: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`mod(${xmin}::text::bigint - ${since} + 4294967296, 4294967296) < 2147483648`;

export const encodeStreamId = ({ table, xid, seconds, isSuspended }: StreamId): string =>
  `${table}.${xid}.${seconds}.${isSuspended ? 1 : 0}`;

/** @returns undefined for anything that is none of our ids */
export function decodeStreamId(text: string): StreamId | undefined {
  const parts = /^(\d{1,10})\.(\d{1,19})\.(\d{1,12})\.([01])$/.exec(text);
  if (!parts) return undefined;
  const [, table = '', xid = '', seconds = '', suspended] = parts;
  return { table, xid: BigInt(xid), seconds: Number(seconds), isSuspended: suspended === '1' };
}

/** Longest break after which a stream is resumed. */
export const MAX_BREAK_SECONDS = 3_600;

/** Why a stream cannot go on after `from`; undefined where it can. */
export function whyNotResumed(
  from: StreamId | undefined,
  now: StreamPosition,
): 'unknown-position' | 'too-far-back' | undefined {
  if (!from || from.table !== now.table || from.xid > now.xid || from.seconds > now.seconds + 60)
    return 'unknown-position';
  const isFar = now.seconds - from.seconds > MAX_BREAK_SECONDS || now.xid - from.xid > MAX_DISTANCE;
  return isFar ? 'too-far-back' : undefined;
}
