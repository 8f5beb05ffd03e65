import { Prisma, type PrismaClient } from '../generated/prisma/client.js';

/**
 * A moment of the database: the set of finished transactions. Every row has the transaction that wrote it (`xmin`),
 * so finding changes since a moment needs no column (docs/decisions/0017).
 */
export interface StreamPosition {
  /** Identifies the database: after a restore the table has another oid, and transactions are counted anew. */
  readonly table: string;
  /** The oldest running transaction. All before it were finished. */
  readonly xid: bigint;
  /** Number of transactions begun after it. Only those in `running` were not finished. */
  readonly span: bigint;
  /** Running transactions, as distances from `xid`. */
  readonly running: readonly bigint[];
  /** The database's clock, in seconds since 1970. */
  readonly seconds: number;
}

/**
 * The position of one stream. `isSuspended` is that of its main account, which affects how sub-accounts are shown.
 */
export interface StreamId extends StreamPosition {
  readonly isSuspended: boolean;
}

interface Row {
  table: string;
  snapshot: string;
  seconds: bigint;
}
/** With more running transactions than this, their changes may be sent twice. */
const MAX_RUNNING = 16;

/** Read it before the states, which are then at least as new. */
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
/** Rows contain only the lower half of a transaction's number. Up to this distance it is unambiguous. */
const MAX_DISTANCE = 2n ** 30n;

/** The columns or the position that `isWrittenSince` compares with. */
export interface SinceColumns {
  readonly lower: Prisma.Sql;
  readonly span: Prisma.Sql;
  readonly running: Prisma.Sql;
}

/** As column values: the lower half of the transaction's number, which rows contain. */
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
 * Whether one of the rows was written since. It may be true for an unchanged row: the number in a row that is older
 * than two billion transactions has no meaning.
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

/** @returns undefined if the text is not one of our ids */
export function decodeStreamId(text: string): StreamId | undefined {
  const parts = /^(\d{1,10})\.(\d{1,19})\.(\d{1,10}(?:_\d{1,10}){0,16})\.(\d{1,12})\.([01])$/.exec(text);
  if (!parts) return undefined;
  const [, table = '', xid = '', transactions = '', seconds = '', suspended] = parts;
  const [span = 0n, ...running] = transactions.split('_').map(BigInt);
  return { table, xid: BigInt(xid), span, running, seconds: Number(seconds), isSuspended: suspended === '1' };
}

/** Maximum break after which a stream is resumed. */
const MAX_BREAK_SECONDS = 3_600;

/** Why a stream cannot continue after `from`, or undefined if it can. */
export function whyNotResumed(
  from: StreamId | undefined,
  now: StreamPosition,
): 'unknown-position' | 'too-far-back' | undefined {
  if (!from || from.table !== now.table || from.xid > now.xid || from.seconds > now.seconds + 60)
    return 'unknown-position';
  const isFar = now.seconds - from.seconds > MAX_BREAK_SECONDS || now.xid - from.xid > MAX_DISTANCE;
  return isFar ? 'too-far-back' : undefined;
}
