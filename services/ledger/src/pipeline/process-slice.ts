import { Books, type decide, type LedgerPolicy } from '@subledger/core';
import { isTransientError, sqlState } from '@subledger/database';
import { type KafkaRecord, partitionFor } from '@subledger/kafka';
import type { Logger } from '@subledger/service-kit';
import type { LedgerMetrics } from '../metrics.js';
import { LaneFencedError } from '../store/lane-lease.js';
import type { LedgerStore, SubAccountKey } from '../store/ledger-store.js';
import type { SliceWrites } from '../store/rows.js';
import { parseRecord } from '../wire/parse-record.js';
import type { ParsedCommand, ParsedMessage, ParsedRecord, RefusedRecord } from '../wire/parsed-record.js';
import { SliceDecider } from './decide-slice.js';
import type { LaneMemory } from './lane-memory.js';
import { LaneProgress } from './lane-progress.js';
import { SliceCounts } from './slice-counts.js';
import { type Publication, SliceDraft } from './slice-draft.js';
import { touchedIds } from './touched-ids.js';

export interface ProcessorOptions {
  readonly store: LedgerStore;
  readonly policy: LedgerPolicy;
  readonly decide: typeof decide;
  /** Between a sub-account's deletion and the tombstone of its limit record, in milliseconds. */
  readonly tombstoneGraceMs: number;
  /** Partitions of each input topic. */
  readonly partitions: () => number;
  readonly metrics: LedgerMetrics;
  readonly log: Logger;
}

/** Takes slices of a lane through parse, load, decide and write. */
export class SliceProcessor {
  constructor(private readonly options: ProcessorOptions) {}

  /**
   * Processes a slice. One that fails otherwise than by an outage is halved, down to the record that fails alone,
   * which is dead-lettered as `unprocessable`: a bug stops one record, not a lane.
   *
   * `onCommitted` gets what each committed part has to publish, in order, right after its commit.
   * @throws LaneFencedError; or an outage's error (`isTransientError`), after which the caller takes the lane over
   *   again to learn what was committed
   */
  async process(
    lane: LaneMemory,
    records: readonly KafkaRecord[],
    onCommitted: (publication: Publication) => void,
  ): Promise<void> {
    try {
      onCommitted(await this.processWhole(lane, records.map(parseRecord)));
    } catch (error) {
      // The books have decisions in them that were not committed.
      lane.cache.clear();
      if (error instanceof LaneFencedError || isTransientError(error)) throw error;
      const [only] = records;
      if (records.length === 1 && only) {
        onCommitted(await this.processWhole(lane, [this.unprocessable(only, error)]));
        return;
      }
      this.options.log.warn({ lane: lane.lease.lane, records: records.length, err: error }, 'slice halved');
      const middle = Math.ceil(records.length / 2);
      await this.process(lane, records.slice(0, middle), onCommitted);
      await this.process(lane, records.slice(middle), onCommitted);
    }
  }

  private async processWhole(lane: LaneMemory, records: readonly ParsedRecord[]): Promise<Publication> {
    const { metrics, policy, decide, tombstoneGraceMs } = this.options;
    const started = performance.now();
    const isOwn = this.ownership(lane);
    const own = records.filter(isDecidable).filter((parsed) => isOwn(parsed.input.mainAccountId));
    const { books, known } = await this.load(lane, own, records);

    const progress = new LaneProgress(lane.offsets);
    const draft = new SliceDraft(lane.laneSequence, records.length);
    const counts = new SliceCounts();
    const slice = new SliceDecider({
      ...lane.lease,
      policy,
      tombstoneGraceMs,
      decide,
      booksOf: (id) => books.get(id) as Books,
      known,
      isOwn,
      progress,
      draft,
      counts,
    });
    slice.decideAll(records);
    const writes = draft.finish(progress.finish());
    const limits = slice.limits();

    await this.commit(lane, writes);
    lane.cache.settle(books.keys());
    counts.addTo(metrics);
    metrics.sliceRecords.observe(records.length);
    metrics.transactionSeconds.observe((performance.now() - started) / 1_000);
    return draft.toPublication(limits);
  }

  /**
   * Replaces the limit records of deleted sub-accounts, whose grace time is over, by tombstones.
   * @throws as `process`
   */
  async bury(
    lane: LaneMemory,
    keys: readonly SubAccountKey[],
    onCommitted: (publication: Publication) => void,
  ): Promise<void> {
    const draft = new SliceDraft(lane.laneSequence, 0);
    for (const key of keys) draft.addTombstone(key);
    await this.commit(lane, draft.finish(lane.offsets));
    onCommitted(draft.toPublication(new Map()));
  }

  private async commit(lane: LaneMemory, writes: SliceWrites): Promise<void> {
    const published = { sequence: lane.published, hasOutbox: lane.hasPublishedOutbox };
    await this.options.store.writeSlice(lane.lease, writes, published);
    lane.committed(writes, published);
  }

  /** Whether a main account's records belong to this lane; asked once per account and slice. */
  private ownership({ lease, cache }: LaneMemory): (mainAccountId: string) => boolean {
    const answers = new Map<string, boolean>();
    return (mainAccountId) => {
      let answer = answers.get(mainAccountId);
      if (answer === undefined) {
        answer =
          cache.has(mainAccountId) || partitionFor(mainAccountId, this.options.partitions()) === lease.lane;
        answers.set(mainAccountId, answer);
      }
      return answer;
    };
  }

  /** Books and earlier outcomes that the records need, in a handful of queries whatever their number. */
  private async load(
    lane: LaneMemory,
    own: readonly (ParsedCommand | ParsedMessage)[],
    records: readonly ParsedRecord[],
  ) {
    const { store } = this.options;
    const books = new Map<string, Books>();
    const missing: string[] = [];
    for (const { input } of own) {
      const id = input.mainAccountId;
      if (books.has(id)) continue;
      const cached = lane.cache.get(id);
      books.set(id, cached ?? NO_BOOKS);
      if (!cached) missing.push(id);
    }
    for (const [id, loaded] of await store.loadBooks(missing)) {
      books.set(id, loaded);
      lane.cache.put(id, loaded);
    }
    const refused = records.filter((parsed) => parsed.kind === 'refused');
    const touched = touchedIds([...own, ...refused]);
    const [known] = await Promise.all([
      store.loadCommands(touched.commands),
      store.loadMessages(touched, (id) => books.get(id) as Books),
    ]);
    return { books, known };
  }

  private unprocessable(record: KafkaRecord, error: unknown): RefusedRecord {
    this.options.log.error(
      { topic: record.topic, partition: record.partition, offset: String(record.offset), err: error },
      'record cannot be processed, it goes to the dead letters',
    );
    // The error's text may quote what the record says, and a message's content goes nowhere.
    const code = sqlState(error) ?? (error instanceof Error ? error.name : 'error');
    const reason = 'unprocessable' as const;
    const parsed = parseRecord(record);
    const errors = [{ path: '', message: 'the ledger failed to process it' }];
    const command =
      parsed.kind === 'command'
        ? {
            id: parsed.id,
            type: parsed.type,
            mainAccountId: parsed.input.mainAccountId,
            contentHash: parsed.contentHash,
            errors,
          }
        : null;
    return { kind: 'refused', record, reason, detail: `processing failed (${code})`, command };
  }
}

/** Holds a place until the books are loaded. */
const NO_BOOKS = new Books();

const isDecidable = (parsed: ParsedRecord): parsed is ParsedCommand | ParsedMessage =>
  parsed.kind === 'command' || parsed.kind === 'message';
