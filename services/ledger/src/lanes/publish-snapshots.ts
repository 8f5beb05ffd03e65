import { MAX_SNAPSHOT_ROWS } from '@subledger/contracts';
import type { MainAccount, SubAccount } from '@subledger/core';
import type { OutgoingRecord } from '@subledger/kafka';
import { type StoredStatement, type StoredTransfer, snapshotParts } from '@subledger/wire';
import type { SnapshotRequest } from '../pipeline/batch-draft.js';
import type { LedgerStore } from '../store/ledger-store.js';
import type { StatementKey } from '../store/snapshot-pages.js';
import type { LaneTask, TaskContext } from './lane-ports.js';

/** Parts per step. They are in memory at the same time, some hundred kilobytes, and batches wait for them. */
const PARTS_PER_STEP = 5;
/**
 * Milliseconds of pause after a step, for each of its parts: 25 parts per second and lane. Events that the lane books
 * meanwhile follow the parts on the topic. A write is answered only when its reader has reached its event, so the
 * reader must keep up.
 */
const REST_MS_PER_PART = 40;

type SnapshotStore = Pick<LedgerStore, 'loadMain' | 'subAccountsPage' | 'transfersPage' | 'statementsPage'>;

interface Page {
  readonly subs: readonly SubAccount[];
  readonly lines: readonly StoredTransfer[];
  readonly statements: readonly StoredStatement[];
}

/**
 * Publishes snapshots, main account by main account and part by part, as `snapshot.request` orders them
 * (docs/decisions/0020). Between two batches the database equals what the lane has decided and published. So each
 * part comes after the events that it contains and before later ones, and carries the sequence of the last event.
 *
 * A takeover drops the tasks. The requester notices that the last part is missing, and requests again.
 */
export class PublishSnapshots implements LaneTask {
  static readonly kind = 'publish-snapshots';
  readonly kind = PublishSnapshots.kind;
  dueAt = 0;
  readonly #orders: OrderedBooks[] = [];

  /**
   * @param now milliseconds since 1970
   * @param perPart maximum rows of a kind in one event
   */
  constructor(
    private readonly store: SnapshotStore,
    private readonly now: () => number,
    private readonly perPart = MAX_SNAPSHOT_ROWS,
  ) {}

  add(order: SnapshotRequest): void {
    this.#orders.push(new OrderedBooks(this.store, order, this.perPart));
  }

  async step({ memory, publish }: TaskContext): Promise<boolean> {
    const [order] = this.#orders;
    if (!order) return true;
    const { records, isLast } = await order.next(memory.lease.generation);
    publish({ records, limits: new Map(), laneSequence: memory.laneSequence, hasOutbox: false });
    if (isLast) this.#orders.shift();
    this.dueAt = this.now() + REST_MS_PER_PART * records.length;
    return this.#orders.length === 0;
  }
}

/** The books of one snapshot request, and how far they are published. */
class OrderedBooks {
  #part = 0;
  #afterSub: string | null = '';
  #afterLine: number | null;
  #afterStatement: StatementKey | null;

  constructor(
    private readonly store: SnapshotStore,
    private readonly order: SnapshotRequest,
    private readonly perPart: number,
  ) {
    this.#afterLine = order.history ? 0 : null;
    this.#afterStatement = order.history ? { subAccountId: '', period: '' } : null;
  }

  /** The next few parts. */
  async next(generation: number): Promise<{ records: OutgoingRecord[]; isLast: boolean }> {
    const main = await this.store.loadMain(this.order.mainAccountId);
    // The request was booked in the lane's own books. Only a restored database can be without them.
    if (!main) return { records: [], isLast: true };
    const page = await this.#nextPage();
    const isLast = this.#afterSub === null && this.#afterLine === null && this.#afterStatement === null;
    return { records: [...this.#parts(main, page, generation, isLast)], isLast };
  }

  /** Reads the next rows of every list that is not at its end. */
  async #nextPage(): Promise<Page> {
    const { store } = this;
    const afterSub = this.#afterSub;
    const afterLine = this.#afterLine;
    const afterStatement = this.#afterStatement;
    const id = this.order.mainAccountId;
    const max = PARTS_PER_STEP * this.perPart;
    const [subs, lines, statements] = await Promise.all([
      afterSub === null ? [] : store.subAccountsPage(id, afterSub, max),
      afterLine === null ? [] : store.transfersPage(id, afterLine, max),
      afterStatement === null ? [] : store.statementsPage(id, afterStatement, max),
    ]);
    const isFull = (rows: readonly unknown[]) => rows.length === max;
    const lastStatement = statements.at(-1);
    this.#afterSub = isFull(subs) ? (subs.at(-1)?.id ?? null) : null;
    this.#afterLine = isFull(lines) ? (lines.at(-1)?.sequence ?? null) : null;
    this.#afterStatement =
      isFull(statements) && lastStatement
        ? { subAccountId: lastStatement.subAccountId, period: lastStatement.closing.period }
        : null;
    return { subs, lines, statements };
  }

  /** At least one part, so that there is a last part. */
  *#parts(main: MainAccount, { subs, lines, statements }: Page, generation: number, isEnd: boolean) {
    const { perPart } = this;
    const { cause, sequence, at } = this.order;
    const count = Math.max(1, Math.ceil(Math.max(subs.length, lines.length, statements.length) / perPart));
    for (let index = 0; index < count; index += 1) {
      const own = <Row>(rows: readonly Row[]) => rows.slice(index * perPart, (index + 1) * perPart);
      this.#part += 1;
      yield snapshotParts({
        main,
        generation,
        cause,
        order: sequence,
        at,
        part: this.#part,
        isLast: isEnd && index === count - 1,
        subAccounts: own(subs),
        lines: own(lines),
        statements: own(statements),
      });
    }
  }
}
