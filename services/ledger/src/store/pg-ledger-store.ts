import { TOPICS } from '@subledger/contracts';
import type { Books, MainAccount, SubAccount } from '@subledger/core';
import {
  decodeBlock,
  encodeBlocks,
  mainAccountOf,
  type StoredBlock,
  type StoredStatement,
  type StoredTransfer,
} from '@subledger/wire';
import type pg from 'pg';
import type { PrismaClient } from '../generated/prisma/client.js';
import { blocksBetween } from '../journal/journal-store.js';
import { GroupCommit } from './group-commit.js';
import { holdsDue } from './holds-due.js';
import type { DueHold, KnownCommand, OwnedId, TouchedIds } from './known.js';
import type { Lease } from './lane-lease.js';
import { advanceCursor, limitsRebuilt, readOrders, readOwner, takeLane } from './lane-store.js';
import type {
  LaneOrders,
  LaneOwner,
  LedgerStore,
  PublishedCursor,
  TakenLane,
  UnpublishedRecord,
} from './ledger-store.js';
import { loadBooks, loadCommands, loadMessages } from './load-books.js';
import type { BatchWrites, LaneStep, SubAccountKey } from './rows.js';
import {
  loadMain,
  type StatementKey,
  statementsPage,
  subAccountsPage,
  transfersPage,
} from './snapshot-pages.js';
import { type BatchToWrite, writeBatches, writeParts } from './write-batch.js';

/** Maximum concurrent write transactions. More are not faster on 2 cores: waiting batches share the next one. */
const WRITES_AT_ONCE = 2;
/** Maximum events of a transaction that several lanes share. */
const SHARED_ROWS = 200;

export interface StoreHooks {
  /** Must have succeeded before the first lane is taken. */
  readonly prepare: () => Promise<void>;
  /** Called with the error of a damaged block of the journal, whose events a reader does not get. */
  readonly onDamage: (error: unknown) => void;
}

/** The ledger's store on PostgreSQL: hand-written SQL on the hot path, Prisma elsewhere (docs/decisions/0002). */
export class PgLedgerStore implements LedgerStore {
  readonly #commits: GroupCommit;

  #prepared: Promise<void> | undefined;

  constructor(
    private readonly pool: pg.Pool,
    private readonly prisma: PrismaClient,
    private readonly hooks: StoreHooks,
  ) {
    const write = (batches: readonly BatchToWrite[]) => writeBatches(pool, batches);
    this.#commits = new GroupCommit({ atOnce: WRITES_AT_ONCE, maxRows: SHARED_ROWS, write });
  }

  async takeLane(
    lane: number,
    owner: string,
    start: { readonly commandOffset: bigint; readonly messageOffset: bigint },
  ): Promise<TakenLane> {
    await this.#prepare();
    return takeLane(this.pool, lane, owner, start);
  }

  readOwner(lane: number): Promise<LaneOwner | undefined> {
    return readOwner(this.pool, lane);
  }

  advanceCursor(lease: Lease, publishedSequence: bigint): Promise<void> {
    return advanceCursor(this.pool, lease, publishedSequence);
  }

  readOrders(lanes: readonly number[]): Promise<LaneOrders[]> {
    return readOrders(this.pool, lanes);
  }

  limitsRebuilt(lease: Lease): Promise<void> {
    return limitsRebuilt(this.pool, lease);
  }

  loadBooks(mainAccountIds: readonly string[]): Promise<Map<string, Books>> {
    return loadBooks(this.pool, mainAccountIds);
  }

  loadMessages(touched: TouchedIds, booksOf: (mainAccountId: string) => Books): Promise<void> {
    return loadMessages(this.pool, touched, booksOf);
  }

  loadCommands(commands: readonly OwnedId[]): Promise<Map<string, KnownCommand>> {
    return loadCommands(this.pool, commands, this.hooks.onDamage);
  }

  async writeBatch(lease: Lease, writes: BatchWrites, published: PublishedCursor): Promise<void> {
    const blocks = await encodeBlocks(writes.journal);
    return this.#commits.write({ lease, writes, blocks, published });
  }

  writeParts(
    lease: Lease,
    step: LaneStep,
    parts: Iterable<BatchWrites>,
    published: PublishedCursor,
  ): Promise<void> {
    return writeParts(this.pool, lease, step, parts, published);
  }

  async unpublished(lane: number, after: bigint, through: bigint): Promise<UnpublishedRecord[]> {
    const blocks = await blocksBetween(this.pool, lane, after, through);
    const journal = blocks.flatMap((block) => this.#read(block));
    const where = { lane, laneSequence: { gt: after, lte: through } };
    const outbox = await this.prisma.outbox.findMany({ where });
    const found: UnpublishedRecord[] = [
      ...journal
        .filter(({ laneSequence }) => laneSequence > after && laneSequence <= through)
        .map(({ laneSequence, text }) => {
          const main = mainAccountOf(text);
          return { laneSequence, record: { topic: TOPICS.events, key: main, value: text }, journalOf: main };
        }),
      ...outbox.map(({ laneSequence, topic, key, value, headers }) => ({
        laneSequence,
        record: {
          topic,
          key,
          value: value === null ? null : Buffer.from(value),
          headers: headers as Record<string, string>,
        },
        journalOf: null,
      })),
    ];
    return found.sort((a, b) => Number(a.laneSequence - b.laneSequence));
  }

  /** Once, and again after a failure. */
  #prepare(): Promise<void> {
    this.#prepared ??= this.hooks.prepare().catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  #read(block: StoredBlock): { laneSequence: bigint; text: string }[] {
    try {
      const texts = decodeBlock(block);
      return texts.map((text, index) => ({ laneSequence: block.firstSequence + BigInt(index), text }));
    } catch (error) {
      this.hooks.onDamage(error);
      throw error;
    }
  }

  holdsDue(after: DueHold | null, max: number): Promise<{ readonly at: number; readonly holds: DueHold[] }> {
    return holdsDue(this.pool, after, max);
  }

  async tombstonesDue(deletedBefore: number, max: number): Promise<SubAccountKey[]> {
    return this.prisma.subAccount.findMany({
      where: { deletedAt: { not: null, lte: new Date(deletedBefore) }, tombstonedAt: null },
      select: { mainAccountId: true, subAccountId: true },
      orderBy: { deletedAt: 'asc' },
      take: max,
    });
  }

  async mainAccountIds(after: string, max: number): Promise<string[]> {
    const rows = await this.prisma.mainAccount.findMany({
      where: { mainAccountId: { gt: after } },
      select: { mainAccountId: true },
      orderBy: { mainAccountId: 'asc' },
      take: max,
    });
    return rows.map((row) => row.mainAccountId);
  }

  loadMain(mainAccountId: string): Promise<MainAccount | undefined> {
    return loadMain(this.pool, mainAccountId);
  }

  subAccountsPage(mainAccountId: string, after: string, max: number): Promise<SubAccount[]> {
    return subAccountsPage(this.pool, mainAccountId, after, max);
  }

  transfersPage(mainAccountId: string, after: number, max: number): Promise<StoredTransfer[]> {
    return transfersPage(this.pool, mainAccountId, after, max);
  }

  statementsPage(mainAccountId: string, after: StatementKey, max: number): Promise<StoredStatement[]> {
    return statementsPage(this.pool, mainAccountId, after, max);
  }
}
