import type { MainAccount, SubAccount } from '@subledger/core';
import {
  type BatchToWrite,
  type BatchWrites,
  type DueHold,
  LaneFencedError,
  type LaneOrders,
  type LaneStep,
  type Lease,
  type PublishedCursor,
  type SubAccountKey,
  type TakenLane,
} from '@subledger/ledger/engine';
import { SEPARATOR } from '@subledger/wire';
import type { World } from '../world/world.js';
import { type LaneRow, Tables, type Taken } from './tables.js';
import { applyWrites, assertInsertable } from './transaction.js';

/** As in docs/operations/stopped-lane.md. */
const EPOCH_AFTER_RESTORE = 1_000_000n;

type LogOf = (lane: number, topic: 'commands' | 'messages', from: bigint, to: bigint) => Taken['commands'];

/**
 * The part of PostgreSQL that the ledger uses, in memory: each method is one transaction, and happens completely or
 * not at all.
 */
export class Database {
  tables = new Tables();
  readonly #backups: { readonly at: number; readonly tables: Tables }[] = [];

  constructor(
    private readonly world: World,
    /** The records between two offsets of a lane's log, to note what a transaction processed. */
    private readonly logOf: LogOf,
  ) {}

  takeLane(
    lane: number,
    owner: string,
    start: { readonly commandOffset: bigint; readonly messageOffset: bigint },
  ): TakenLane {
    const { lanes } = this.tables;
    let row = lanes.get(lane);
    if (row) {
      row.epoch += 1n;
      row.owner = owner;
    } else {
      row = newLane(lane, owner, start);
      lanes.set(lane, row);
    }
    this.world.cover('lane:taken over');
    this.world.trace(`database lane ${lane} epoch ${row.epoch} of ${owner}`);
    const { epoch, generation, rebuildLimits: _, owner: __, ...rest } = row;
    return { ...rest, lease: { lane, epoch, generation } };
  }

  advanceCursor(lease: Lease, sequence: bigint): void {
    const row = this.#ours(lease);
    // As in the SQL statement: never beyond the row's own sequence.
    if (row.laneSequence < sequence) throw this.#fenced(lease);
    row.publishedSequence = sequence;
    this.#dropOutbox(lease.lane, sequence);
  }

  limitsRebuilt(lease: Lease): void {
    this.#ours(lease).rebuildLimits = false;
  }

  orders(lanes: readonly number[]): LaneOrders[] {
    return lanes.flatMap((lane) => {
      const row = this.tables.lanes.get(lane);
      return row ? [{ lane, generation: row.generation, rebuildLimits: row.rebuildLimits }] : [];
    });
  }

  /** The rows of a main account; copies. */
  books(mainAccountId: string): { main: MainAccount | null; subs: SubAccount[] } {
    const { mainAccounts, subAccounts, subsOf } = this.tables;
    const main = mainAccounts.get(mainAccountId);
    const subs = (subsOf.get(mainAccountId) ?? []).map((id) => {
      const { mainAccountId: _, tombstonedAt: __, ...sub } = subAccounts.get(`${mainAccountId} ${id}`)!;
      return sub;
    });
    return { main: main ? { ...main } : null, subs };
  }

  /** @throws LaneFencedError, or the error of a constraint; nothing is written then */
  write(lease: Lease, step: LaneStep, parts: readonly BatchWrites[], published: PublishedCursor): void {
    this.#assertWritable(lease, step, parts);
    this.#apply(lease, step, parts, published);
  }

  /** Batches of different lanes, all of them or none. @throws as `write` */
  writeTogether(batches: readonly BatchToWrite[]): void {
    for (const { lease, writes } of batches) this.#assertWritable(lease, writes, [writes]);
    for (const { lease, writes, published } of batches) this.#apply(lease, writes, [writes], published);
    if (batches.length > 1) this.world.cover('batch:committed with others');
  }

  #assertWritable(lease: Lease, step: LaneStep, parts: readonly BatchWrites[]): void {
    const row = this.#ours(lease);
    // As in the SQL statement: the row must have the position from which the batch continues.
    if (row.laneSequence !== step.laneSequenceBefore) throw this.#fenced(lease);
    for (const part of parts) assertInsertable(this.tables, lease, part);
  }

  #apply(lease: Lease, step: LaneStep, parts: readonly BatchWrites[], published: PublishedCursor): void {
    const row = this.#ours(lease);
    this.#judge(row, step, published);
    this.#noteTaken(row, step, byClock(step, parts, row));
    if (parts.length > 1) this.world.cover('batch:month start in parts');
    if (this.tables.taken.get(row.lane)?.at(-1)?.expired.length)
      this.world.cover('batch:holds that are over');
    Object.assign(row, step.offsets, {
      laneSequence: step.laneSequence,
      publishedSequence: published.sequence,
    });
    if (published.hasOutbox) this.#dropOutbox(lease.lane, published.sequence);
    for (const part of parts) applyWrites(this.tables, lease, part, this.world.scheduler.now);
    this.world.cover('batch:committed');
    const text = `${row.commandOffset}/${row.messageOffset} sequence ${row.laneSequence}`;
    this.world.trace(`database lane ${lease.lane} epoch ${lease.epoch} wrote to ${text}`);
  }

  /** A lane only ever goes forward. */
  #judge(row: LaneRow, { offsets }: LaneStep, published: PublishedCursor): void {
    const { lane, commandOffset, messageOffset, publishedSequence, laneSequence } = row;
    if (offsets.commandOffset < commandOffset || offsets.messageOffset < messageOffset)
      this.world.fail(`lane ${lane} went back from ${commandOffset}/${messageOffset}`);
    if (published.sequence < publishedSequence || published.sequence > laneSequence)
      this.world.fail(
        `lane ${lane}: cursor ${published.sequence} after ${publishedSequence} of ${laneSequence}`,
      );
  }

  #noteTaken(
    { lane, commandOffset, messageOffset }: LaneRow,
    { offsets }: LaneStep,
    clock: Pick<Taken, 'rolled' | 'expired'>,
  ): void {
    const taken: Taken = {
      ...clock,
      commands: this.logOf(lane, 'commands', commandOffset, offsets.commandOffset),
      messages: this.logOf(lane, 'messages', messageOffset, offsets.messageOffset),
    };
    const list = this.tables.taken.get(lane) ?? [];
    list.push(taken);
    this.tables.taken.set(lane, list);
  }

  /** Open holds whose end has passed, by their end. */
  holdsDue(after: DueHold | null, max: number): { at: number; holds: DueHold[] } {
    const at = Math.floor(this.world.scheduler.now);
    const holds = [...this.tables.holds.values()]
      .filter(({ state, expiresAt }) => state === 'open' && expiresAt <= at)
      .map(({ mainAccountId, messageId: id, expiresAt }) => ({ mainAccountId, id, expiresAt }))
      .sort(byExpiry)
      .filter((hold) => after === null || byExpiry(after, hold) < 0);
    return { at, holds: holds.slice(0, max) };
  }

  tombstonesDue(deletedBefore: number, max: number): SubAccountKey[] {
    return [...this.tables.subAccounts.values()]
      .filter((sub) => sub.deletedAt !== null && sub.deletedAt <= deletedBefore && sub.tombstonedAt === null)
      .sort((a, b) => (a.deletedAt as number) - (b.deletedAt as number))
      .slice(0, max)
      .map(({ mainAccountId, id }) => ({ mainAccountId, subAccountId: id }));
  }

  backUp(): void {
    this.#backups.push({ at: this.world.scheduler.now, tables: this.tables.clone() });
  }

  get backupCount(): number {
    return this.#backups.length;
  }

  /** They belong to another log. */
  dropBackups(): void {
    this.#backups.length = 0;
  }

  /**
   * Restores the last backup.
   * @returns the time at which it was made
   */
  restore(): number {
    const { at, tables } = this.#backups.pop()!;
    this.tables = tables;
    // The first step of the documented procedure: no process of the lost time has such an epoch.
    for (const row of tables.lanes.values()) row.epoch += EPOCH_AFTER_RESTORE;
    return at;
  }

  #ours(lease: Lease): LaneRow {
    const row = this.tables.lanes.get(lease.lane);
    if (row?.epoch !== lease.epoch) throw this.#fenced(lease);
    return row;
  }

  #fenced({ lane, epoch }: Lease): LaneFencedError {
    this.world.cover('fence:database');
    this.world.trace(`database fenced lane ${lane} epoch ${epoch}`);
    return new LaneFencedError(lane);
  }

  #dropOutbox(lane: number, through: bigint): void {
    const rows = this.tables.outboxOf.get(lane) ?? [];
    this.tables.outboxOf.set(
      lane,
      rows.filter(({ laneSequence }) => laneSequence > through),
    );
  }
}

const byExpiry = (a: DueHold, b: DueHold): number =>
  a.expiresAt - b.expiresAt || (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0);
const keyOf = ({ mainAccountId, id }: DueHold): string => `${mainAccountId} ${id}`;

const ROLL = 'subledger.period.roll.v1';

/**
 * What the clock did: a month start in parts, or the end of holds. Such a transaction moves no offset, and its events
 * have the clock as cause.
 */
function byClock(
  { offsets }: LaneStep,
  parts: readonly BatchWrites[],
  row: LaneRow,
): Pick<Taken, 'rolled' | 'expired'> {
  const isStill = offsets.commandOffset === row.commandOffset && offsets.messageOffset === row.messageOffset;
  const none = { rolled: null, expired: [] };
  if (!isStill) return none;
  const found = parts
    .flatMap(({ journal }) => journal.flatMap(causesOf))
    .filter(({ kind }) => kind === 'clock');
  const [first] = found;
  if (!first) return none;
  if (first.type === ROLL) return { rolled: first, expired: [] };
  return { rolled: null, expired: found.filter(({ id }, index) => found[index - 1]?.id !== id) };
}

interface Caused {
  readonly data: {
    readonly mainAccountId: string;
    readonly at: string;
    readonly cause: { readonly kind: string; readonly id: string; readonly type: string };
  };
}

/** The cause of each event of a block. */
const causesOf = ({ payloads }: { readonly payloads: Buffer }) =>
  payloads
    .toString('utf8')
    .split(String.fromCharCode(SEPARATOR))
    .map((text) => (JSON.parse(text) as Caused).data)
    .map(({ mainAccountId, at, cause }) => ({ mainAccountId, at: Date.parse(at), ...cause }));

const newLane = (
  lane: number,
  owner: string,
  start: { readonly commandOffset: bigint; readonly messageOffset: bigint },
): LaneRow => ({
  lane,
  epoch: 1n,
  generation: 1,
  ...start,
  commandLastId: null,
  messageLastId: null,
  laneSequence: 0n,
  publishedSequence: 0n,
  rebuildLimits: false,
  owner,
});
