import { TOPICS } from '@subledger/contracts';
import { Books, type MainAccount, type SubAccount } from '@subledger/core';
import {
  type BatchToWrite,
  type BatchWrites,
  type CommandRow,
  commandKey,
  type DueHold,
  GroupCommit,
  type KnownCommand,
  type LaneOrders,
  type LaneOwner,
  type LaneStep,
  type Lease,
  type LedgerStore,
  type OwnedId,
  type PublishedCursor,
  type StatementKey,
  type SubAccountKey,
  type TakenLane,
  type TouchedIds,
  type UnpublishedRecord,
} from '@subledger/ledger/engine';
import { decodeBlock, eventsOf, type StoredStatement, type StoredTransfer } from '@subledger/wire';
import { Connection } from '../world/connection.js';
import type { Owner } from '../world/scheduler.js';
import type { World } from '../world/world.js';
import type { Database } from './database.js';
import { statementsPage, transfersPage } from './snapshot-pages.js';
import type { Tables } from './tables.js';

const withCode = (code: string) => (what: string) =>
  Object.assign(new Error(`simulated: ${what} failed (${code})`), { code });

/** This process's connection to the database. */
export const databaseConnection = (world: World, owner: Owner): Connection =>
  new Connection(world, owner, 'database', { lost: withCode('ECONNRESET'), refused: withCode('40P01') });

/** Few enough that some batches stay alone. */
const MAX_SHARED_ROWS = 20;

/** A process's store: the contract of `LedgerStore`, on the simulated database and through an unreliable network. */
export class SimStore implements LedgerStore {
  readonly #commits: GroupCommit;

  constructor(
    private readonly connection: Pick<Connection, 'request'>,
    private readonly database: Database,
  ) {
    const write = (batches: readonly BatchToWrite[]) =>
      this.#ask('writeBatch', () => database.writeTogether(batches));
    this.#commits = new GroupCommit({ atOnce: 1, maxRows: MAX_SHARED_ROWS, write });
  }

  #ask<T>(what: string, effect: () => T): Promise<T> {
    return this.connection.request(what, effect);
  }

  takeLane(
    lane: number,
    owner: string,
    start: { readonly commandOffset: bigint; readonly messageOffset: bigint },
  ): Promise<TakenLane> {
    return this.#ask('takeLane', () => this.database.takeLane(lane, owner, start));
  }

  readOwner(lane: number): Promise<LaneOwner | undefined> {
    return this.#ask('readOwner', () => {
      const row = this.database.tables.lanes.get(lane);
      return row && { epoch: row.epoch, owner: row.owner };
    });
  }

  advanceCursor(lease: Lease, sequence: bigint): Promise<void> {
    return this.#ask('advanceCursor', () => this.database.advanceCursor(lease, sequence));
  }

  readOrders(lanes: readonly number[]): Promise<LaneOrders[]> {
    return this.#ask('readOrders', () => this.database.orders(lanes));
  }

  limitsRebuilt(lease: Lease): Promise<void> {
    return this.#ask('limitsRebuilt', () => this.database.limitsRebuilt(lease));
  }

  async loadBooks(ids: readonly string[]): Promise<Map<string, Books>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#ask('loadBooks', () => ids.map((id) => [id, this.database.books(id)] as const));
    return new Map(rows.map(([id, { main, subs }]) => [id, new Books(main, subs)]));
  }

  async loadMessages(touched: TouchedIds, booksOf: (mainAccountId: string) => Books): Promise<void> {
    const find = <Row extends object>(table: ReadonlyMap<string, Row>, ids: readonly OwnedId[]): Row[] =>
      ids.flatMap(({ mainAccountId, id }) => {
        const row = table.get(`${mainAccountId} ${id}`);
        return row ? [{ ...row }] : [];
      });
    const { holds, charges, refunds, references } = await this.#ask('loadMessages', () => {
      const { tables } = this.database;
      return {
        holds: find(tables.holds, touched.holds),
        charges: find(tables.charges, touched.charges),
        refunds: find(tables.refunds, touched.refunds),
        references: find(tables.references, touched.references),
      };
    });
    for (const { mainAccountId, ...row } of holds) booksOf(mainAccountId).holds.set(row.messageId, row);
    for (const { mainAccountId, ...row } of charges) booksOf(mainAccountId).charges.set(row.messageId, row);
    for (const { mainAccountId, ...row } of refunds) booksOf(mainAccountId).refunds.set(row.refundId, row);
    for (const { mainAccountId, ...row } of references) booksOf(mainAccountId).references.set(row.key, row);
  }

  async loadCommands(commands: readonly OwnedId[]): Promise<Map<string, KnownCommand>> {
    if (commands.length === 0) return new Map();
    return this.#ask('loadCommands', () => {
      const { tables } = this.database;
      const known = new Map<string, KnownCommand>();
      for (const { mainAccountId, id } of commands) {
        const row = tables.commands.get(`${mainAccountId} ${id}`);
        if (!row) continue;
        const payload = row.payload ?? eventText(tables, row);
        known.set(commandKey(mainAccountId, id), { contentHash: row.contentHash, payload });
      }
      return known;
    });
  }

  writeBatch(lease: Lease, writes: BatchWrites, published: PublishedCursor): Promise<void> {
    // The database encodes the blocks, so that no other thread has a say in the order of things.
    return this.#commits.write({ lease, writes, blocks: [], published });
  }

  async writeParts(
    lease: Lease,
    step: LaneStep,
    parts: Iterable<BatchWrites>,
    published: PublishedCursor,
  ): Promise<void> {
    // Made here in the process, whatever its later outcome.
    const made = [...parts];
    return this.#ask('writeParts', () => this.database.write(lease, step, made, published));
  }

  unpublished(lane: number, after: bigint, through: bigint): Promise<UnpublishedRecord[]> {
    return this.#ask('unpublished', () => {
      const { blocksOf, outboxOf } = this.database.tables;
      const isWanted = (row: { laneSequence: bigint }) =>
        row.laneSequence > after && row.laneSequence <= through;
      const blocks = (blocksOf.get(lane) ?? []).filter(
        ({ firstSequence, lastSequence }) => lastSequence > after && firstSequence <= through,
      );
      const found: UnpublishedRecord[] = blocks
        .flatMap(eventsOf)
        .filter(isWanted)
        .map(({ laneSequence, mainAccountId, payload }) => ({
          laneSequence,
          record: { topic: TOPICS.events, key: mainAccountId, value: payload },
          journalOf: mainAccountId,
        }));
      for (const { laneSequence, ...record } of (outboxOf.get(lane) ?? []).filter(isWanted))
        found.push({ laneSequence, record, journalOf: null });
      return found.sort((a, b) => Number(a.laneSequence - b.laneSequence));
    });
  }

  holdsDue(after: DueHold | null, max: number): Promise<{ at: number; holds: DueHold[] }> {
    return this.#ask('holdsDue', () => this.database.holdsDue(after, max));
  }

  tombstonesDue(deletedBefore: number, max: number): Promise<SubAccountKey[]> {
    return this.#ask('tombstonesDue', () => this.database.tombstonesDue(deletedBefore, max));
  }

  mainAccountIds(after: string, max: number): Promise<string[]> {
    return this.#ask('mainAccountIds', () =>
      [...this.database.tables.mainAccounts.keys()]
        .filter((id) => id > after)
        .sort()
        .slice(0, max),
    );
  }

  loadMain(mainAccountId: string): Promise<MainAccount | undefined> {
    return this.#ask('loadMain', () => this.database.books(mainAccountId).main ?? undefined);
  }

  subAccountsPage(mainAccountId: string, after: string, max: number): Promise<SubAccount[]> {
    return this.#ask('subAccountsPage', () =>
      this.database
        .books(mainAccountId)
        .subs.filter(({ id }) => id > after)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, max),
    );
  }

  transfersPage(mainAccountId: string, after: number, max: number): Promise<StoredTransfer[]> {
    return this.#ask('transfersPage', () => transfersPage(this.database.tables, mainAccountId, after, max));
  }

  statementsPage(mainAccountId: string, after: StatementKey, max: number): Promise<StoredStatement[]> {
    return this.#ask('statementsPage', () => statementsPage(this.database.tables, mainAccountId, after, max));
  }
}

/** The outcome of a command, from the block that has it. */
function eventText({ blocksOf }: Tables, { lane, laneSequence }: CommandRow): string | null {
  if (laneSequence === null) return null;
  const block = blocksOf
    .get(lane)
    ?.find(
      ({ firstSequence, lastSequence }) => firstSequence <= laneSequence && laneSequence <= lastSequence,
    );
  return block ? (decodeBlock(block)[Number(laneSequence - block.firstSequence)] ?? null) : null;
}
