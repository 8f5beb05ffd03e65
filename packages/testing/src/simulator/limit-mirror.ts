import { type LimitRecord, limitRecord } from '@subledger/contracts';
import { type Points, parsePoints } from '@subledger/core';
import type { KafkaRecord } from '@subledger/kafka';

/** A message that was reported, until the ledger's figures contain it. */
interface Report {
  readonly points: Points;
  /** Where the log has it; unknown until it is read back. */
  offset: bigint | undefined;
}

interface Mirrored {
  record: LimitRecord | undefined;
  readonly reports: Map<string, Report>;
}

/**
 * What each sub-account may still send: its last limit record, less those reports of our own that the record does
 * not reflect yet. The record names the message offset that it reflects, so exactly those are subtracted.
 */
export class LimitMirror {
  readonly #subAccounts = new Map<string, Mirrored>();
  #unreadable = 0;

  /** Records that did not fit the contract. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** Takes over a record of `subaccount.limits.v1`, unless a newer one is known. An empty one deletes. */
  apply(record: Pick<KafkaRecord, 'key' | 'value'>): void {
    if (record.value === null) {
      if (record.key !== null) this.#subAccounts.delete(record.key);
      return;
    }
    const parsed = parse(record.value);
    if (parsed === undefined) {
      this.#unreadable += 1;
      return;
    }
    const known = this.#entry(parsed.subAccountId);
    if (known.record !== undefined && !isNewer(parsed, known.record)) return;
    known.record = parsed;
    forget(known);
  }

  get(subAccountId: string): LimitRecord | undefined {
    return this.#subAccounts.get(subAccountId)?.record;
  }

  /** What may still be sent, in millipoints; below zero after reports beyond the limit. */
  remaining(subAccountId: string): Points {
    const known = this.#subAccounts.get(subAccountId);
    if (known?.record === undefined) return 0n as Points;
    let left: bigint = parsePoints(known.record.remaining);
    for (const { points } of known.reports.values()) left -= points;
    return left as Points;
  }

  /** Active sub-accounts, in the order in which they were first seen. */
  active(): LimitRecord[] {
    return [...this.#subAccounts.values()].flatMap(({ record }) =>
      record?.status === 'active' ? [record] : [],
    );
  }

  /** A report is about to be written. */
  reported(subAccountId: string, messageId: string, points: Points): void {
    this.#entry(subAccountId).reports.set(messageId, { points, offset: undefined });
  }

  /** A report of ours was read back from the log, at this offset. */
  located(subAccountId: string, messageId: string, offset: bigint): void {
    const known = this.#subAccounts.get(subAccountId);
    const report = known?.reports.get(messageId);
    if (known === undefined || report === undefined) return;
    report.offset = offset;
    forget(known);
  }

  /** Reports that no limit record reflects yet. */
  get pendingReports(): number {
    let count = 0;
    for (const { reports } of this.#subAccounts.values()) count += reports.size;
    return count;
  }

  #entry(subAccountId: string): Mirrored {
    const known = this.#subAccounts.get(subAccountId);
    if (known !== undefined) return known;
    const entry: Mirrored = { record: undefined, reports: new Map() };
    this.#subAccounts.set(subAccountId, entry);
    return entry;
  }
}

function parse(value: Buffer): LimitRecord | undefined {
  try {
    return limitRecord.safeParse(JSON.parse(value.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Publishing is at least once and may repeat; the ledger's generation and sequence tell old from new. */
function isNewer(one: LimitRecord, other: LimitRecord): boolean {
  if (one.generation !== other.generation) return one.generation > other.generation;
  return one.sequence > other.sequence;
}

/** Drops the reports that the record's figures contain. A main account's messages are all in one partition. */
function forget({ record, reports }: Mirrored): void {
  const position = record?.position;
  if (!position) return;
  const reflected = BigInt(position.offset);
  for (const [messageId, { offset }] of reports)
    if (offset !== undefined && offset <= reflected) reports.delete(messageId);
}
