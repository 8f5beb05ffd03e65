import { Prisma, type PrismaClient } from '../generated/prisma/client.js';

/**
 * A moment of the database: which transactions were over. Every row names the one that wrote it (`xmin`), so "what
 * changed since" needs no column, whoever wrote it and in which table.
 */
export interface StreamPosition {
  /** Tells databases apart: after a restore the table has another oid, and transactions count anew. */
  readonly table: string;
  /** The oldest transaction that was still running; all before it were over. */
  readonly xid: bigint;
  /** So many after it had begun; of them only those in `running` were not over. */
  readonly span: bigint;
  /** Transactions that were running, as distances from `xid`. */
  readonly running: readonly bigint[];
  /** The database's clock, in seconds since 1970. */
  readonly seconds: number;
}

/** Where one stream stands; `isSuspended` is of its main account, since that changes what sub-accounts look like. */
export interface StreamId extends StreamPosition {
  readonly isSuspended: boolean;
}

interface Row {
  table: string;
  snapshot: string;
  seconds: bigint;
}
/** With more at once than this, what they wrote may be told twice. */
const MAX_RUNNING = 16;

/** Read it before the states: they are then at least as new. */
export async function readPosition(prisma: Pick<PrismaClient, '$queryRaw'>): Promise<StreamPosition> {
  const [row] = await prisma.$queryRaw<Row[]>(Prisma.sql`
    SELECT 'main_account_state'::regclass::oid::text AS "table", pg_current_snapshot()::text AS snapshot,
           floor(extract(epoch FROM now()))::bigint AS seconds`);
  if (!row) throw new Error('The database told no position');
  return { table: row.table, ...parseSnapshot(row.snapshot), seconds: Number(row.seconds) };
}

/** @param text `xmin:xmax:running,running` */
function parseSnapshot(text: string): Pick<StreamPosition, 'xid' | 'span' | 'running'> {
  const [xmin = '0', xmax = '0', list = ''] = text.split(':');
  const xid = BigInt(xmin);
  const running = list === '' ? [] : list.split(',').map((one) => BigInt(one) - xid);
  if (running.length > MAX_RUNNING) return { xid, span: 0n, running: [] };
  return { xid, span: BigInt(xmax) - xid, running };
}

const XIDS = 2n ** 32n;
/** Rows name the lower half of a transaction's number; closer than this it is plain which one is meant. */
const MAX_DISTANCE = 2n ** 30n;

/** What `isWrittenSince` compares with: columns, or one position. */
export interface SinceColumns {
  readonly lower: Prisma.Sql;
  readonly span: Prisma.Sql;
  readonly running: Prisma.Sql;
}

/** As values of columns: the lower half of the transaction's number, which is what rows name. */
export const sinceValues = ({
  xid,
  span,
  running,
}: StreamPosition): [lower: bigint, span: bigint, running: string] => [
  xid % XIDS,
  span,
  `{${running.join(',')}}`,
];

export function sinceColumns(position: StreamPosition): SinceColumns {
  const [lower, span, running] = sinceValues(position);
  return {
    lower: Prisma.sql`${lower}::bigint`,
    span: Prisma.sql`${span}::bigint`,
    running: Prisma.sql`${running}::bigint[]`,
  };
}

/**
 * Whether one of the rows was written since; true now and then for one that was not (the number in a row that is older
 * than two billion transactions means nothing).
 * @param xmins of rows
 */
export function isWrittenSince(
  xmins: readonly Prisma.Sql[],
  { lower, span, running }: SinceColumns,
): Prisma.Sql {
  const tests = xmins.map((xmin) => {
    const distance = Prisma.sql`mod(${xmin}::text::bigint - ${lower} + 4294967296, 4294967296)`;
    return Prisma.sql`(${distance} < 2147483648 AND (${distance} >= ${span} OR ${distance} = ANY(${running})))`;
  });
  return Prisma.sql`(${Prisma.join(tests, ' OR ')})`;
}

export function encodeStreamId({ table, xid, span, running, seconds, isSuspended }: StreamId): string {
  return `${table}.${xid}.${[span, ...running].join('_')}.${seconds}.${isSuspended ? 1 : 0}`;
}

/** @returns undefined for anything that is none of our ids */
export function decodeStreamId(text: string): StreamId | undefined {
  const parts = /^(\d{1,10})\.(\d{1,19})\.(\d{1,10}(?:_\d{1,10}){0,16})\.(\d{1,12})\.([01])$/.exec(text);
  if (!parts) return undefined;
  const [, table = '', xid = '', transactions = '', seconds = '', suspended] = parts;
  const [span = 0n, ...running] = transactions.split('_').map(BigInt);
  return { table, xid: BigInt(xid), span, running, seconds: Number(seconds), isSuspended: suspended === '1' };
}

/** Longest break after which a stream is resumed. */
const MAX_BREAK_SECONDS = 3_600;

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
