import {
  DEFAULT_COUNTRY,
  isNewer,
  type LimitRecord,
  type ProfileRecord,
  SUB_ACCOUNT_STATUSES,
  type SubAccountStatus,
} from '@subledger/contracts';
import type { Points } from '@subledger/core';
import { IdIndex } from './id-index.js';
import { toStored } from './points-column.js';
import { NO_PROFILE, SenderSets } from './sender-sets.js';

const FIRST_CAPACITY = 1_024;
const NO_POSITION = -1;

/** A sub-account by its last limit record. Amounts are millipoints. */
export interface SubAccountLimits {
  readonly subAccountId: string;
  readonly mainAccountId: string;
  readonly status: SubAccountStatus;
  /** `YYYY-MM` in the main account's time zone. */
  readonly period: string;
  readonly limit: Points;
  readonly boost: Points;
  readonly granted: Points;
  readonly used: Points;
  readonly held: Points;
  readonly remaining: Points;
  readonly generation: number;
  readonly sequence: number;
  /**
   * The record contains all messages up to this offset in the main account's partition of `sms.messages.v1`. Null
   * before the first.
   */
  readonly position: number | null;
}

const AMOUNTS = ['limit', 'boost', 'granted', 'used', 'held', 'remaining'] as const;
type Amount = (typeof AMOUNTS)[number];

/** One typed array per field: 93 bytes per row. An object of strings would take a kilobyte. */
interface Columns {
  readonly amounts: Readonly<Record<Amount, BigInt64Array>>;
  /** Index in `SUB_ACCOUNT_STATUSES`, plus 1; 0 without a limit record. */
  readonly status: Uint8Array;
  readonly period: Int32Array;
  readonly main: Uint32Array;
  readonly senders: Uint32Array;
  readonly generation: Float64Array;
  readonly sequence: Float64Array;
  readonly position: Float64Array;
  readonly version: Float64Array;
}

/**
 * Grows one column after the other, so that at most one is in memory twice. Unused rows are not resident. Offsets,
 * sequences and versions are numbers, exact to 2^53, which no log or account reaches.
 */
function grown(columns: Columns | undefined, rows: number): Columns {
  const more = <Column extends { set(from: Column): void }>(
    Kind: new (length: number) => Column,
    from: Column | undefined,
  ): Column => {
    const column = new Kind(rows);
    if (from) column.set(from);
    return column;
  };
  const amounts = {} as Record<Amount, BigInt64Array>;
  for (const name of AMOUNTS) amounts[name] = more<BigInt64Array>(BigInt64Array, columns?.amounts[name]);
  return {
    amounts,
    status: more<Uint8Array>(Uint8Array, columns?.status),
    period: more<Int32Array>(Int32Array, columns?.period),
    main: more<Uint32Array>(Uint32Array, columns?.main),
    senders: more<Uint32Array>(Uint32Array, columns?.senders),
    generation: more<Float64Array>(Float64Array, columns?.generation),
    sequence: more<Float64Array>(Float64Array, columns?.sequence),
    position: more<Float64Array>(Float64Array, columns?.position),
    version: more<Float64Array>(Float64Array, columns?.version),
  };
}

/** Copies an id, because a substring of a record's text keeps the whole text in memory. */
const ownCopy = (id: string): string => Buffer.from(id, 'latin1').toString('latin1');

/** The last limit record and profile of every sub-account, by dense row number. It contains no reports. */
export class SubAccountTable {
  readonly #rows = new IdIndex();
  readonly #mains = new Map<string, number>();
  readonly #mainIds: string[] = [];
  readonly #senders = new SenderSets();
  #columns = grown(undefined, FIRST_CAPACITY);
  #capacity = FIRST_CAPACITY;

  /** Number of sub-accounts with a limit record or a profile. */
  get size(): number {
    return this.#rows.size;
  }

  row(subAccountId: string): number | undefined {
    return this.#rows.get(subAccountId);
  }

  /**
   * Stores a limit record unless the same or a newer one is known: publishing is at least once, so the ledger's
   * generation and sequence decide.
   *
   *
   * @returns its row, or undefined if it was not stored
   */
  putLimit(record: LimitRecord): number | undefined {
    const row = this.#rowOf(record.subAccountId);
    const columns = this.#columns;
    if (columns.status[row] !== 0) {
      const known = { generation: columns.generation[row]!, sequence: columns.sequence[row]! };
      if (!isNewer(record, known)) return undefined;
    }
    for (const name of AMOUNTS) columns.amounts[name][row] = toStored(record[name]);
    columns.status[row] = SUB_ACCOUNT_STATUSES.indexOf(record.status) + 1;
    columns.period[row] = Number(record.period.slice(0, 4)) * 12 + Number(record.period.slice(5)) - 1;
    columns.main[row] = this.mainOf(record.mainAccountId);
    columns.generation[row] = record.generation;
    columns.sequence[row] = record.sequence;
    columns.position[row] = record.position ? Number(record.position.offset) : NO_POSITION;
    return row;
  }

  /** Stores a profile unless a newer one is known. */
  putProfile(record: ProfileRecord): void {
    const row = this.#rowOf(record.subAccountId);
    const { senders, version } = this.#columns;
    if (senders[row] !== NO_PROFILE && record.version < version[row]!) return;
    const before = senders[row]!;
    senders[row] = this.#senders.use(record.senderNumbers, record.country ?? DEFAULT_COUNTRY);
    this.#senders.release(before);
    version[row] = record.version;
  }

  /**
   * Drops the limit record of a deleted sub-account.
   * @returns its row, if it had one
   */
  dropLimit(subAccountId: string): number | undefined {
    const row = this.#rows.get(subAccountId);
    if (row === undefined || this.#columns.status[row] === 0) return undefined;
    this.#columns.status[row] = 0;
    this.#forgetEmpty(subAccountId, row);
    return row;
  }

  dropProfile(subAccountId: string): void {
    const row = this.#rows.get(subAccountId);
    if (row === undefined) return;
    this.#senders.release(this.#columns.senders[row]!);
    this.#columns.senders[row] = NO_PROFILE;
    this.#columns.version[row] = 0;
    this.#forgetEmpty(subAccountId, row);
  }

  /** Undefined without a limit record. */
  status(row: number): SubAccountStatus | undefined {
    return SUB_ACCOUNT_STATUSES[this.#columns.status[row]! - 1];
  }

  remaining(row: number): bigint {
    return this.#columns.amounts.remaining[row]!;
  }

  generation(row: number): number {
    return this.#columns.generation[row]!;
  }

  /** Offset of the last message that the row's figures contain, or -1 before the first. */
  position(row: number): number {
    return this.#columns.position[row]!;
  }

  /** Dense number of the row's main account. */
  main(row: number): number {
    return this.#columns.main[row]!;
  }

  /** Whether a sub-account may use this sender. Without a profile, no number is allowed. */
  allowsSender(row: number | undefined, sender: string): boolean {
    return this.#senders.allows(row === undefined ? NO_PROFILE : this.#columns.senders[row]!, sender);
  }

  /** The number of a main account. An unknown main account gets a new number. */
  mainOf(mainAccountId: string): number {
    const known = this.#mains.get(mainAccountId);
    if (known !== undefined) return known;
    const main = this.#mainIds.length;
    const id = ownCopy(mainAccountId);
    this.#mains.set(id, main);
    this.#mainIds.push(id);
    return main;
  }

  mainId(main: number): string {
    return this.#mainIds[main] as string;
  }

  limits(subAccountId: string): SubAccountLimits | undefined {
    const row = this.#rows.get(subAccountId);
    const status = row === undefined ? undefined : this.status(row);
    if (row === undefined || status === undefined) return undefined;
    const { amounts, period, position, generation, sequence } = this.#columns;
    const month = period[row]!;
    const at = (name: Amount) => amounts[name][row] as Points;
    return {
      subAccountId,
      mainAccountId: this.mainId(this.main(row)),
      status,
      period: `${String(Math.floor(month / 12)).padStart(4, '0')}-${String((month % 12) + 1).padStart(2, '0')}`,
      limit: at('limit'),
      boost: at('boost'),
      granted: at('granted'),
      used: at('used'),
      held: at('held'),
      remaining: at('remaining'),
      generation: generation[row]!,
      sequence: sequence[row]!,
      position: position[row] === NO_POSITION ? null : position[row]!,
    };
  }

  subAccountIds(): Generator<string> {
    return this.#rows.ids();
  }

  #rowOf(subAccountId: string): number {
    const row = this.#rows.add(subAccountId);
    if (row >= this.#capacity) {
      this.#capacity *= 2;
      this.#columns = grown(this.#columns, this.#capacity);
    }
    return row;
  }

  #forgetEmpty(subAccountId: string, row: number): void {
    if (this.#columns.status[row] !== 0 || this.#columns.senders[row] !== NO_PROFILE) return;
    this.#rows.remove(subAccountId);
  }
}
