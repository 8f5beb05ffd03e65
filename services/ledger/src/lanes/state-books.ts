import { MAX_STATED } from '@subledger/contracts';
import type { MainAccount, SubAccount } from '@subledger/core';
import type { Restatement } from '../pipeline/slice-draft.js';
import type { LedgerStore } from '../store/ledger-store.js';
import type { StatementKey, StoredStatement, StoredTransfer } from '../store/stated-pages.js';
import { statedBooks } from '../wire/stated-books.js';
import type { ChoreContext, LaneChore } from './lane-ports.js';

/** Parts per step: what they say is in memory at once, some hundred kilobytes, and slices wait for it. */
const PARTS_PER_STEP = 5;

type StatedStore = Pick<LedgerStore, 'loadMain' | 'subAccountsPage' | 'transfersPage' | 'statementsPage'>;

interface Page {
  readonly subs: readonly SubAccount[];
  readonly lines: readonly StoredTransfer[];
  readonly statements: readonly StoredStatement[];
}

/**
 * Publishes the books of one main account once more, part by part: all that a `books.restate` asks for. Between two
 * slices the database is what the lane has decided and published, so each part stands behind the events that it
 * reflects and before those that it does not, and carries the sequence of the last one.
 *
 * A takeover forgets it, as all chores: whoever asked sees that no last part comes, and asks again.
 */
export class StateBooks implements LaneChore {
  readonly kind: string;
  private part = 0;
  private afterSub: string | null = '';
  private afterLine: number | null;
  private afterStatement: StatementKey | null;

  /** @param perPart most rows of a kind in one event */
  constructor(
    private readonly store: StatedStore,
    private readonly order: Restatement,
    private readonly perPart = MAX_STATED,
  ) {
    this.kind = `state-books ${order.mainAccountId} ${order.sequence}`;
    this.afterLine = order.history ? 0 : null;
    this.afterStatement = order.history ? { subAccountId: '', period: '' } : null;
  }

  async step({ memory, publish }: ChoreContext): Promise<boolean> {
    const main = await this.store.loadMain(this.order.mainAccountId);
    // It was asked for in the lane's own books; only a restore under our feet takes them away.
    if (!main) return true;
    const page = await this.nextPage();
    const isLast = this.afterSub === null && this.afterLine === null && this.afterStatement === null;
    const records = [...this.parts(main, page, memory.lease.generation, isLast)];
    publish({ records, limits: new Map(), laneSequence: memory.laneSequence, hasOutbox: false });
    return isLast;
  }

  /** Reads on in all that is not at its end. */
  private async nextPage(): Promise<Page> {
    const { store, afterSub, afterLine, afterStatement } = this;
    const id = this.order.mainAccountId;
    const max = PARTS_PER_STEP * this.perPart;
    const [subs, lines, statements] = await Promise.all([
      afterSub === null ? [] : store.subAccountsPage(id, afterSub, max),
      afterLine === null ? [] : store.transfersPage(id, afterLine, max),
      afterStatement === null ? [] : store.statementsPage(id, afterStatement, max),
    ]);
    const isFull = (rows: readonly unknown[]) => rows.length === max;
    const lastStatement = statements.at(-1);
    this.afterSub = isFull(subs) ? (subs.at(-1)?.id ?? null) : null;
    this.afterLine = isFull(lines) ? (lines.at(-1)?.sequence ?? null) : null;
    this.afterStatement =
      isFull(statements) && lastStatement
        ? { subAccountId: lastStatement.subAccountId, period: lastStatement.closing.period }
        : null;
    return { subs, lines, statements };
  }

  /** At least one, so that there is a last one. */
  private *parts(main: MainAccount, { subs, lines, statements }: Page, generation: number, isEnd: boolean) {
    const { perPart } = this;
    const { cause, sequence, at } = this.order;
    const count = Math.max(1, Math.ceil(Math.max(subs.length, lines.length, statements.length) / perPart));
    for (let index = 0; index < count; index += 1) {
      const own = <Row>(rows: readonly Row[]) => rows.slice(index * perPart, (index + 1) * perPart);
      this.part += 1;
      yield statedBooks({
        main,
        generation,
        cause,
        order: sequence,
        at,
        part: this.part,
        isLast: isEnd && index === count - 1,
        subAccounts: own(subs),
        lines: own(lines),
        statements: own(statements),
      });
    }
  }
}
