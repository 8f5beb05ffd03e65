import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordProducer } from '@subledger/kafka';
import type pg from 'pg';
import { toEvent } from '../operations/command-event.js';
import { CommandSender } from '../operations/command-sender.js';
import { beginRebuild, doubtStates, RebuildRows } from './rebuild-rows.js';

export interface RebuildOptions {
  /** Schema `gateway`; two connections. */
  readonly pool: pg.Pool;
  readonly producer: Pick<RecordProducer, 'send'>;
  readonly print: (line: string) => void;
  /** One main account; undefined is all. */
  readonly main: string | undefined;
  /** Transfers and statements too, not only the states. */
  readonly history: boolean;
  readonly timeoutMs: number;
  /** How long nothing may come of all that is asked for, until it is asked for again; doubled whenever that happens. */
  readonly stallMs?: number;
  /** Main accounts that the ledger is asked for at a time: its lanes' other work goes on between them. */
  readonly atOnce?: number;
}

const POLL_MS = 100;
const PRINT_MS = 5_000;
/**
 * A takeover of a lane forgets what it was asked for, and takes seconds. Nobody tells a forgotten account from one that
 * waits behind others of its lane, so this is the time in which none of them brings anything.
 */
const STALL_MS = 30_000;
const AT_ONCE = 32;

/**
 * Has the read model built again from the ledger's books while everything goes on: asks the ledger for each main account
 * that this schema knows, a few at a time, and waits until the running gateways have taken in all that comes. What was
 * asked for and brings nothing is asked for again.
 *
 * @returns the exit code: 1 where another rebuild runs, the time was up, or the ledger did not answer with books
 * @throws KafkaUnavailableError | the database's error; started again it begins anew
 */
export async function rebuildReadModel(options: RebuildOptions): Promise<number> {
  const { pool, print, main, history } = options;
  // Kept for the whole time: the lock goes with it.
  const holder = await pool.connect();
  try {
    if (!(await beginRebuild(holder, main, history))) {
      print('Another rebuild is under way. Wait for it, or end it.');
      return 1;
    }
    const rows = new RebuildRows(pool);
    const total = await rows.count();
    if (total === 0) {
      print(main === undefined ? 'There are no main accounts.' : `There is no main account ${main}.`);
      return main === undefined ? 0 : 1;
    }
    print(`Asking the ledger for the books of ${mainAccounts(total)}. Reading and writing go on.`);
    const isInTime = await new Rebuild(options, rows, total).run();
    return await report(options, rows, isInTime);
  } finally {
    holder.release(true);
  }
}

const mainAccounts = (count: number): string => `${count} main ${count === 1 ? 'account' : 'accounts'}`;

/** The window of main accounts that are asked for, moved over all of them. */
class Rebuild {
  /** Parts that have come, by main account that is asked for. */
  private readonly asked = new Map<string, number>();
  private stallMs: number;
  /** When something came last, by the monotonic clock. */
  private heardAtMs = performance.now();
  private after = '';
  private done = 0;
  private printedAtMs = performance.now();
  private readonly sender: CommandSender;

  constructor(
    private readonly options: RebuildOptions,
    private readonly rows: RebuildRows,
    private readonly total: number,
  ) {
    this.sender = new CommandSender(options.producer);
    this.stallMs = options.stallMs ?? STALL_MS;
  }

  /** @returns whether all were answered in time */
  async run(): Promise<boolean> {
    const deadline = performance.now() + this.options.timeoutMs;
    for (;;) {
      await this.askMore();
      if (this.asked.size === 0) return true;
      if (performance.now() >= deadline) return false;
      await sleep(POLL_MS);
      await this.look();
      this.printProgress();
    }
  }

  private async askMore(): Promise<void> {
    const room = (this.options.atOnce ?? AT_ONCE) - this.asked.size;
    if (room <= 0) return;
    const ids = await this.rows.next(this.after, room);
    const last = ids.at(-1);
    if (last === undefined) return;
    if (this.asked.size === 0) this.heardAtMs = performance.now();
    this.after = last;
    await doubtStates(this.options.pool, ids);
    await this.ask(ids);
  }

  /** Committed first, so that no part can come whose order is not known here. */
  private async ask(mainAccountIds: readonly string[]): Promise<void> {
    const { history } = this.options;
    const orders = mainAccountIds.map((id) => ({ mainAccountId: id, commandId: `snapshot-${randomUUID()}` }));
    await this.rows.ask(orders);
    await this.sender.send(
      orders.map(({ mainAccountId, commandId }) => ({
        mainAccountId,
        command: toEvent(commandId, { name: 'snapshot.request', data: { mainAccountId, history } }),
      })),
    );
    for (const id of mainAccountIds) this.asked.set(id, 0);
  }

  private async look(): Promise<void> {
    for (const { mainAccountId, parts, isDone } of await this.rows.look([...this.asked.keys()])) {
      if (!isDone && parts === this.asked.get(mainAccountId)) continue;
      this.heardAtMs = performance.now();
      if (isDone) {
        this.asked.delete(mainAccountId);
        this.done += 1;
      } else this.asked.set(mainAccountId, parts);
    }
    if (this.asked.size === 0 || performance.now() - this.heardAtMs < this.stallMs) return;
    await this.ask([...this.asked.keys()]);
    // Asked for again in the time that an answer takes, it would never come: only the last order counts.
    this.stallMs *= 2;
    this.heardAtMs = performance.now();
  }

  private printProgress(): void {
    if (performance.now() - this.printedAtMs < PRINT_MS || this.asked.size === 0) return;
    this.printedAtMs = performance.now();
    const parts = [...this.asked.values()].reduce((sum, more) => sum + more, 0);
    this.options.print(`${this.done} of ${this.total} done; ${parts} parts of ${this.asked.size} more`);
  }
}

/** Ids that are named in the end, at most. */
const MAX_NAMED = 20;

async function report(
  { pool, print }: RebuildOptions,
  rows: RebuildRows,
  isInTime: boolean,
): Promise<number> {
  const { done, unknown, refused, left } = await rows.result();
  print(`${isInTime ? 'Done' : 'Not done in time'}: ${mainAccounts(done)} as the ledger has them.`);
  const name = (what: string, ids: readonly string[]) => {
    if (ids.length === 0) return;
    const more = ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : '';
    print(`${what}: ${ids.slice(0, MAX_NAMED).join(', ')}${more}`);
  };
  name("Not in the ledger's books, and no longer shown", unknown);
  name('Refused; does this version of the ledger know `snapshot.request`', refused);
  name('Without an answer', left);
  if (!isInTime) {
    const { rowCount } = await pool.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gateway-listen' LIMIT 1`,
    );
    print(
      rowCount === 0
        ? 'No gateway is connected to this database. Start one, then repeat the command.'
        : 'See whether their lanes are stopped (npm run ledger -- lanes), then repeat the command.',
    );
  }
  return isInTime && refused.length === 0 ? 0 : 1;
}
