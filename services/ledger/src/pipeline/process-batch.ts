import { Books, type decide, type LedgerPolicy } from '@subledger/core';
import { halvesOf, isTransientError, sqlState } from '@subledger/database';
import { type DeadLetterSeal, type KafkaRecord, partitionFor } from '@subledger/kafka';
import type { Logger } from '@subledger/service-kit';
import {
  type ParsedCommand,
  type ParsedMessage,
  type ParsedRecord,
  parseRecord,
  type RefusedRecord,
} from '@subledger/wire';
import type { LedgerMetrics } from '../metrics.js';
import type { DueHold, KnownCommand } from '../store/known.js';
import { LaneFencedError } from '../store/lane-lease.js';
import type { LedgerStore } from '../store/ledger-store.js';
import type { BatchWrites, SubAccountKey } from '../store/rows.js';
import { BatchCounts } from './batch-counts.js';
import { BatchDraft, type Publication } from './batch-draft.js';
import { BatchDecider } from './decide-batch.js';
import type { LaneMemory } from './lane-memory.js';
import { LaneProgress } from './lane-progress.js';
import {
  LargeRoll,
  type LargeRollCause,
  largeRollOf,
  ROLL_IN_PARTS,
  type RollInParts,
} from './large-roll.js';
import { touchedIds } from './touched-ids.js';

export interface ProcessorOptions {
  readonly store: LedgerStore;
  readonly policy: LedgerPolicy;
  readonly decide: typeof decide;
  /** Seals the records in dead letters. */
  readonly seal: DeadLetterSeal;
  /** Milliseconds between a sub-account's deletion and the tombstone of its limit record. */
  readonly tombstoneGraceMs: number;
  /** Milliseconds since 1970. Only for tombstones, which no record causes. */
  readonly now: () => number;
  /** Number of partitions of each input topic. */
  readonly partitions: () => number;
  readonly rollInParts?: RollInParts;
  readonly metrics: LedgerMetrics;
  readonly log: Logger;
}

/** Processes batches of a lane: parse, load, decide and write. */
export class BatchProcessor {
  readonly #inParts: RollInParts;

  constructor(private readonly options: ProcessorOptions) {
    this.#inParts = options.rollInParts ?? ROLL_IN_PARTS;
  }

  /**
   * Processes a batch. If it fails for another reason than an outage, it is halved until one record fails alone. That
   * record is dead-lettered as `unprocessable`, so that a bug stops one record and not a lane.
   *
   * `onCommitted` gets what to publish for each committed part, in order, right after its commit.
   * @throws LaneFencedError if another owner has the lane
   * @throws an outage's error (`isTransientError`); the caller then takes the lane over again to learn what was
   *   committed
   */
  async process(
    lane: LaneMemory,
    records: readonly KafkaRecord[],
    onCommitted: (publication: Publication) => void,
  ): Promise<void> {
    await this.#processParsed(lane, records.map(parseRecord), onCommitted);
  }

  async #processParsed(
    lane: LaneMemory,
    records: readonly ParsedRecord[],
    onCommitted: (publication: Publication) => void,
  ): Promise<void> {
    let rest = records;
    while (rest.length > 0) rest = rest.slice(await this.#processSome(lane, rest, onCommitted));
  }

  /**
   * Commits the first records in one transaction: all of them, unless one needs a large month start, which is a
   * transaction of its own.
   * @returns the number of processed records; 0 after a month start that the first record's time caused
   */
  async #processSome(
    lane: LaneMemory,
    records: readonly ParsedRecord[],
    onCommitted: (publication: Publication) => void,
  ): Promise<number> {
    try {
      const loaded = await this.#load(lane, records);
      const { roll, before } = this.#firstLargeRoll(records, loaded);
      if (roll && before === 0) return await this.#rollLarge(lane, roll, loaded, onCommitted);
      const some = roll ? records.slice(0, before) : records;
      onCommitted(await this.#write(lane, some, loaded));
      return some.length;
    } catch (error) {
      // The books contain decisions that were not committed.
      lane.cache.clear();
      if (error instanceof LaneFencedError || isTransientError(error)) throw error;
      const [only] = records;
      if (records.length === 1 && only) {
        const refused = [this.#unprocessable(only.record, error)];
        onCommitted(await this.#write(lane, refused, await this.#load(lane, refused)));
        return 1;
      }
      this.options.log.warn({ lane: lane.lease.lane, records: records.length, err: error }, 'batch halved');
      for (const half of halvesOf(records)) await this.#processParsed(lane, half, onCommitted);
      return records.length;
    }
  }

  /** The first record that needs a month start of very many sub-accounts, and the number of records before it. */
  #firstLargeRoll(records: readonly ParsedRecord[], { books, known, isOwn }: Loaded) {
    const { policy } = this.options;
    for (const [before, parsed] of records.entries()) {
      if (!isDecidable(parsed) || !isOwn(parsed.input.mainAccountId)) continue;
      const own = books.get(parsed.input.mainAccountId) as Books;
      const cause = largeRollOf(own, parsed, { policy, known, inParts: this.#inParts });
      if (cause) return { roll: { parsed, cause, books: own }, before };
    }
    return { roll: null, before: records.length };
  }

  async #rollLarge(
    lane: LaneMemory,
    roll: {
      readonly parsed: ParsedCommand | ParsedMessage;
      readonly cause: LargeRollCause;
      readonly books: Books;
    },
    { books }: Loaded,
    onCommitted: (publication: Publication) => void,
  ): Promise<number> {
    const { store, metrics, log, tombstoneGraceMs, now } = this.options;
    const started = performance.now();
    const { parsed } = roll;
    const command = roll.cause === 'command' && parsed.kind === 'command' ? parsed : null;
    const { at } = parsed.input;
    const inParts = this.#inParts;
    const large = new LargeRoll({
      lane,
      books: roll.books,
      at,
      now: now(),
      command,
      tombstoneGraceMs,
      inParts,
    });
    const { cursor } = lane;
    await store.writeParts(lane.lease, large.step, large.parts(), cursor);
    lane.committed(large.step, cursor);
    lane.cache.settle(books.keys());
    large.counts.addTo(metrics, log);
    metrics.transactionSeconds.observe((performance.now() - started) / 1_000);
    onCommitted(large.publication());
    return command ? 1 : 0;
  }

  async #write(lane: LaneMemory, records: readonly ParsedRecord[], loaded: Loaded): Promise<Publication> {
    const { metrics, log } = this.options;
    const started = performance.now();
    const { books } = loaded;
    const { batch, draft, counts, progress } = this.#begin(lane, loaded, records.length);
    batch.decideAll(records);
    const writes = draft.finish(progress.finish());
    const limits = batch.limits();
    await this.#commit(lane, writes);
    lane.cache.settle(books.keys());
    counts.addTo(metrics, log);
    metrics.batchRecords.observe(records.length);
    metrics.transactionSeconds.observe((performance.now() - started) / 1_000);
    return draft.toPublication(limits);
  }

  /** What collects a batch's decisions. @param expectedEvents estimated number */
  #begin(lane: LaneMemory, { books, known, isOwn }: Loaded, expectedEvents: number) {
    const { policy, decide, seal, tombstoneGraceMs, now } = this.options;
    const progress = new LaneProgress(lane.offsets);
    const draft = new BatchDraft(lane.laneSequence, expectedEvents);
    const counts = new BatchCounts();
    const batch = new BatchDecider({
      ...lane.lease,
      policy,
      tombstoneGraceMs,
      now,
      decide,
      seal,
      booksOf: (id) => books.get(id) as Books,
      known,
      isOwn,
      progress,
      draft,
      counts,
    });
    return { batch, draft, counts, progress };
  }

  /**
   * Replaces the limit records of deleted sub-accounts by tombstones after their grace time.
   * @throws as `process`
   */
  async tombstone(
    lane: LaneMemory,
    keys: readonly SubAccountKey[],
    onCommitted: (publication: Publication) => void,
  ): Promise<void> {
    const draft = new BatchDraft(lane.laneSequence, 0);
    for (const key of keys) draft.addTombstone(key);
    await this.#commit(lane, draft.finish(lane.offsets));
    onCommitted(draft.toPublication(new Map()));
  }

  /**
   * Releases holds that are over, in one transaction.
   * @param at the time at which they were found, milliseconds since 1970
   * @throws as `process`, and the error of a rule: a bug, nothing was written
   */
  async expire(
    lane: LaneMemory,
    holds: readonly DueHold[],
    at: number,
    onCommitted: (publication: Publication) => void,
  ): Promise<void> {
    const { metrics, log, store } = this.options;
    try {
      const books = await this.#books(lane, holds);
      const touched = { holds, charges: [], refunds: [], references: [], commands: [] };
      await store.loadMessages(touched, (id) => books.get(id) as Books);
      const loaded: Loaded = { books, known: new Map(), isOwn: this.#ownership(lane) };
      const { batch, draft, counts, progress } = this.#begin(lane, loaded, holds.length);
      const released = holds.filter((hold) => batch.expire(hold, at)).length;
      if (released > 0) {
        const writes = draft.finish(progress.finish());
        const limits = batch.limits();
        await this.#commit(lane, writes);
        counts.addTo(metrics, log);
        metrics.expiredHolds.inc(released);
        onCommitted(draft.toPublication(limits));
      }
      lane.cache.settle(books.keys());
    } catch (error) {
      // The books contain decisions that were not committed.
      lane.cache.clear();
      throw error;
    }
  }

  async #commit(lane: LaneMemory, writes: BatchWrites): Promise<void> {
    const { cursor } = lane;
    await this.options.store.writeBatch(lane.lease, writes, cursor);
    lane.committed(writes, cursor);
  }

  /** Whether a main account's records belong to this lane, computed once per account and batch. */
  #ownership({ lease, cache }: LaneMemory): (mainAccountId: string) => boolean {
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

  /** Loads the books and earlier outcomes that the records need, in a few queries for any number of records. */
  async #load(lane: LaneMemory, records: readonly ParsedRecord[]): Promise<Loaded> {
    const { store } = this.options;
    const isOwn = this.#ownership(lane);
    const own = records.filter(isDecidable).filter((parsed) => isOwn(parsed.input.mainAccountId));
    const books = await this.#books(
      lane,
      own.map(({ input }) => input),
    );
    const refused = records.filter((parsed) => parsed.kind === 'refused');
    const touched = touchedIds([...own, ...refused]);
    const [known] = await Promise.all([
      store.loadCommands(touched.commands),
      store.loadMessages(touched, (id) => books.get(id) as Books),
    ]);
    return { books, known, isOwn };
  }

  /** The books of these main accounts: the lane's cached ones, the others from the store. */
  async #books(
    lane: LaneMemory,
    owned: readonly { readonly mainAccountId: string }[],
  ): Promise<Map<string, Books>> {
    const books = new Map<string, Books>();
    const missing: string[] = [];
    for (const { mainAccountId: id } of owned) {
      if (books.has(id)) continue;
      const cached = lane.cache.get(id);
      books.set(id, cached ?? NO_BOOKS);
      if (!cached) missing.push(id);
    }
    for (const [id, loaded] of await this.options.store.loadBooks(missing)) {
      books.set(id, loaded);
      lane.cache.put(id, loaded);
    }
    return books;
  }

  #unprocessable(record: KafkaRecord, error: unknown): RefusedRecord {
    this.options.log.error(
      { topic: record.topic, partition: record.partition, offset: String(record.offset), err: error },
      'record cannot be processed, it goes to the dead letters',
    );
    // The error's text may quote the record, and a message's content must not be logged.
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

/** Loaded rows for deciding records. */
interface Loaded {
  readonly books: ReadonlyMap<string, Books>;
  readonly known: Map<string, KnownCommand>;
  readonly isOwn: (mainAccountId: string) => boolean;
}

/** Placeholder until the books are loaded. */
const NO_BOOKS = new Books();

const isDecidable = (parsed: ParsedRecord): parsed is ParsedCommand | ParsedMessage =>
  parsed.kind === 'command' || parsed.kind === 'message';
