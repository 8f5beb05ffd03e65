import type { KafkaRecord } from '@subledger/kafka';

/** A transaction as a partition sees it. */
export interface BrokerTransaction {
  readonly transactionalId: string;
  state: 'open' | 'committed' | 'aborted';
}

interface LogEntry {
  /** Null for a transaction marker. */
  readonly record: KafkaRecord | null;
  /** Null for records outside of transactions. */
  readonly transaction: BrokerTransaction | null;
}

/** Represents a batch that cannot be decoded. Readers get what the decoder would make of it. */
export const UNDECODABLE = Buffer.from('not a batch of records');

const broken = (offset: bigint) => ({ detail: 'a wrong checksum', firstOffset: offset, lastOffset: offset });

/** One log. Offsets count entries, including markers. Entries removed by retention are kept for the auditor only. */
export class Partition {
  #entries: LogEntry[] = [];
  /** First offset that can still be read. */
  low = 0n;
  /** Earlier logs that this one replaced. */
  readonly former: KafkaRecord[][] = [];
  #waiting: (() => void)[] = [];
  #firstOpen = 0;

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}

  get high(): bigint {
    return BigInt(this.#entries.length);
  }

  /** Where `read_committed` readers stop: the first record of an open transaction. */
  get stable(): bigint {
    while (this.#firstOpen < this.#entries.length) {
      if (this.#entries[this.#firstOpen]?.transaction?.state === 'open') break;
      this.#firstOpen += 1;
    }
    return BigInt(this.#firstOpen);
  }

  append(
    fields: Pick<KafkaRecord, 'key' | 'value' | 'headers'>,
    timestampMs: number,
    transaction: BrokerTransaction | null,
  ): KafkaRecord {
    const { topic, partition, high: offset } = this;
    const at = { topic, partition, offset, timestampMs };
    const record: KafkaRecord = fields.value?.equals(UNDECODABLE)
      ? { ...at, key: null, value: fields.value, headers: {}, undecodable: broken(offset) }
      : { ...at, ...fields };
    this.#entries.push({ record, transaction });
    this.notify();
    return record;
  }

  /** The end of a transaction that wrote here. */
  mark(transaction: BrokerTransaction): void {
    this.#entries.push({ record: null, transaction });
    this.notify();
  }

  /** Committed records from an offset on, and the offset to continue at. */
  readCommitted(from: bigint, max: number): { records: KafkaRecord[]; next: bigint } {
    const records: KafkaRecord[] = [];
    let at = Number(from);
    const end = Number(this.stable);
    for (; at < end && records.length < max; at += 1) {
      const found = this.#committedAt(at);
      if (found) records.push(found);
    }
    return { records, next: BigInt(at) };
  }

  at(offset: bigint): KafkaRecord | null {
    return offset < this.low || offset >= this.stable ? null : this.#committedAt(Number(offset));
  }

  /** All committed records of the current log, including those removed by retention. */
  committed(from = 0n, to = this.high): KafkaRecord[] {
    const found: KafkaRecord[] = [];
    for (let at = Number(from); at < Number(to); at += 1) {
      const record = this.#committedAt(at);
      if (record) found.push(record);
    }
    return found;
  }

  /** The topic is deleted and created again: an empty log from offset 0. */
  recreate(): void {
    this.former.push(this.committed());
    this.#entries = [];
    this.#firstOpen = 0;
    this.low = 0n;
    this.notify();
  }

  /** Calls once, when something is appended. */
  onAppend(call: () => void): void {
    this.#waiting.push(call);
  }

  #committedAt(at: number): KafkaRecord | null {
    const entry = this.#entries[at];
    if (!entry?.record) return null;
    const isVisible = entry.transaction === null || entry.transaction.state === 'committed';
    return isVisible ? entry.record : null;
  }

  notify(): void {
    const calls = this.#waiting;
    this.#waiting = [];
    for (const call of calls) call();
  }
}
