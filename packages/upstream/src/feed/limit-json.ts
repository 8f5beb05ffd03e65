import { type LimitRecord, SUB_ACCOUNT_STATUSES, type SubAccountStatus } from '@subledger/contracts';

/**
 * The rules of the contract's `limitRecord`, written by hand. The schema takes several times as long as all other
 * work of loading a million records. A property test compares the two.
 */
const POINTS = /^-?(0|[1-9]\d{0,15})(\.\d{1,3})?$/;
export const SUB_ACCOUNT_ID = /^sa_[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/;
export const MAIN_ACCOUNT_ID = /^ma_[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/;
const PERIOD = /^\d{4}-(0[1-9]|1[0-2])$/;
const OFFSET = /^\d+$/;
const STATUSES: ReadonlySet<unknown> = new Set(SUB_ACCOUNT_STATUSES);

const matches = (pattern: RegExp, value: unknown): value is string =>
  typeof value === 'string' && pattern.test(value);
export const isIntegerFrom = (least: number, value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least;

/** The object in a JSON text, or undefined for any other value or text. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isPosition(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  const { topic, partition, offset } = value as Record<string, unknown>;
  return typeof topic === 'string' && isIntegerFrom(0, partition) && matches(OFFSET, offset);
}

/** Whether a parsed JSON value is a limit record by the contract. */
export function isLimitRecord(value: Record<string, unknown>): boolean {
  return (
    matches(SUB_ACCOUNT_ID, value.subAccountId) &&
    matches(MAIN_ACCOUNT_ID, value.mainAccountId) &&
    STATUSES.has(value.status) &&
    matches(PERIOD, value.period) &&
    matches(POINTS, value.limit) &&
    matches(POINTS, value.boost) &&
    matches(POINTS, value.granted) &&
    matches(POINTS, value.used) &&
    matches(POINTS, value.held) &&
    matches(POINTS, value.remaining) &&
    isIntegerFrom(0, value.generation) &&
    isIntegerFrom(1, value.sequence) &&
    isPosition(value.position)
  );
}

/**
 * A limit record exactly as the ledger writes it: fields in this order, no spaces, no other fields. A text that
 * matches is valid by the rules above, and is read without making a JSON value, which would cost more than all the
 * rest.
 */
const WRITTEN = (() => {
  const id = '[0-9A-Za-z][0-9A-Za-z_-]{0,63}';
  const points = '"(-?(?:0|[1-9]\\d{0,15})(?:\\.\\d{1,3})?)"';
  const amounts = ['limit', 'boost', 'granted', 'used', 'held', 'remaining'].map(
    (name) => `"${name}":${points}`,
  );
  const integer = '(0|[1-9]\\d{0,14})';
  const position = `\\{"topic":"([\\w.-]+)","partition":${integer},"offset":"(\\d+)"\\}`;
  return new RegExp(
    `^\\{"subAccountId":"(sa_${id})","mainAccountId":"(ma_${id})","status":"(${SUB_ACCOUNT_STATUSES.join('|')})"` +
      `,"period":"(\\d{4}-(?:0[1-9]|1[0-2]))",${amounts.join(',')}` +
      `,"generation":${integer},"sequence":([1-9]\\d{0,14}),"position":(?:null|${position})\\}$`,
  );
})();

/** The fields of a text that matches `WRITTEN`, or undefined. */
export function readWritten(text: string): LimitRecord | undefined {
  const found = WRITTEN.exec(text) as string[] | null;
  if (found === null) return undefined;
  const [, subAccountId, mainAccountId, status, period, limit, boost, granted, used, held, remaining] =
    found as [string, string, string, string, string, string, string, string, string, string, string];
  const [generation, sequence, topic, partition, offset] = found.slice(11) as [
    string,
    string,
    string?,
    string?,
    string?,
  ];
  return {
    subAccountId,
    mainAccountId,
    status: status as SubAccountStatus,
    period,
    limit,
    boost,
    granted,
    used,
    held,
    remaining,
    generation: Number(generation),
    sequence: Number(sequence),
    position: offset === undefined ? null : { topic: topic as string, partition: Number(partition), offset },
  };
}

/** Reads the value of a record of `subaccount.limits.v1`, or undefined if it breaks the contract. */
export function parseLimit(value: Buffer): LimitRecord | undefined {
  const written = readWritten(value.toString('latin1'));
  if (written) return written;
  const parsed = parseObject(value.toString('utf8'));
  return parsed !== undefined && isLimitRecord(parsed) ? (parsed as LimitRecord) : undefined;
}
