import { limitOrTombstone } from '@subledger/wire';
import type { LimitSource } from '../pipeline/batch-draft.js';
import type { BatchProcessor } from '../pipeline/process-batch.js';
import type { LedgerStore } from '../store/ledger-store.js';
import type { SubAccountKey } from '../store/rows.js';
import { lastMessageOf } from '../store/rows.js';
import type { LaneTask, TaskContext } from './lane-ports.js';

/** Maximum main accounts per step of a rebuild. They and their sub-accounts are in memory at the same time. */
const MAINS_PER_STEP = 50;
/** Approximate limit records per step. They are one Kafka transaction, which the broker ends after 15 s. */
const RECORDS_PER_STEP = 5_000;
/** Main account ids read per query. Only every n-th belongs to the lane. */
const IDS_PER_QUERY = 2_000;

export interface RebuildPorts {
  readonly store: LedgerStore;
  readonly isOwn: (mainAccountId: string) => boolean;
  readonly tombstoneGraceMs: number;
  readonly now: () => number;
}

/**
 * Publishes the limit record of every sub-account of the lane again, from the database, and then removes the
 * operator's order from the lane's row. Between two batches the database equals the lane's decisions, so no record is
 * older than a published one.
 */
export class RebuildLimits implements LaneTask {
  readonly kind = 'rebuild-limits';
  #after = '';
  #ids: string[] = [];
  /** Main accounts of the next step: estimated from the size of the last ones, starting with one. */
  #mains = 1;

  constructor(private readonly ports: RebuildPorts) {}

  async step({ memory, publish, published }: TaskContext): Promise<boolean> {
    const { store } = this.ports;
    const isEnd = await this.#findMore();
    const ids = this.#ids.splice(0, this.#mains);
    if (ids.length > 0) {
      const { laneSequence } = memory;
      const limits = await this.#limitsOf(ids, memory);
      publish({ records: [], limits, laneSequence, hasOutbox: false });
      const fitting = Math.floor((RECORDS_PER_STEP * ids.length) / Math.max(1, limits.size));
      this.#mains = Math.max(1, Math.min(fitting, 2 * this.#mains, MAINS_PER_STEP));
      return false;
    }
    if (!isEnd) return false;
    await published();
    await store.limitsRebuilt(memory.lease);
    return true;
  }

  /** @returns whether there are no further ids */
  async #findMore(): Promise<boolean> {
    if (this.#ids.length > 0) return false;
    const found = await this.ports.store.mainAccountIds(this.#after, IDS_PER_QUERY);
    this.#after = found.at(-1) ?? this.#after;
    this.#ids = found.filter((id) => this.ports.isOwn(id));
    return found.length === 0;
  }

  async #limitsOf(
    ids: readonly string[],
    { lease, offsets }: TaskContext['memory'],
  ): Promise<Map<string, LimitSource>> {
    const { store, now, tombstoneGraceMs } = this.ports;
    const position = {
      lane: lease.lane,
      generation: lease.generation,
      messageOffset: lastMessageOf(offsets),
    };
    const moment = { at: now(), graceMs: tombstoneGraceMs };
    const limits = new Map<string, LimitSource>();
    for (const { main, subAccounts } of (await store.loadBooks(ids)).values()) {
      if (!main) continue;
      for (const sub of subAccounts.values()) {
        limits.set(sub.id, () => limitOrTombstone(main, sub, position, moment));
      }
    }
    return limits;
  }
}

/** A task that replaces the limit records of deleted sub-accounts by tombstones. */
export const tombstoneDeleted = (processor: BatchProcessor, keys: readonly SubAccountKey[]): LaneTask => ({
  kind: 'tombstones',
  async step({ memory, publish }) {
    await processor.tombstone(memory, keys, publish);
    return true;
  },
});
