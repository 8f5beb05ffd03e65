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
  /** One main account, or undefined for all. */
  readonly main: string | undefined;
  /** Includes transfers and statements, not only the states. */
  readonly history: boolean;
  readonly timeoutMs: number;
  /**
   * Milliseconds without any arriving part after which the missing accounts are requested again. Doubled each time.
   */
  readonly stallMs?: number;
  /** Maximum main accounts requested at a time. The ledger's lanes do other work between them. */
  readonly atOnce?: number;
}

const POLL_MS = 100;
const PRINT_MS = 5_000;
/**
 * A takeover of a lane drops its snapshot requests, and takes seconds. A dropped account cannot be distinguished from
 * one that waits behind others of its lane. So this is the time in which none of them receives a part.
 */
const STALL_MS = 30_000;
const AT_ONCE = 32;

/**
 * Rebuilds the read model from the ledger's books while everything is running (docs/decisions/0020). It requests the
 * snapshot of each known main account, a few at a time, and waits until the running gateways have applied all parts.
 * If no parts arrive, it requests them again.
 *
 *
 * @returns the exit code: 1 if another rebuild is running, the time was up, or the ledger did not answer with a
 *   snapshot
 * @throws KafkaUnavailableError | the database's error; the next run starts from the beginning
 */
export async function rebuildReadModel(options: RebuildOptions): Promise<number> {
  const { pool, print, main, history } = options;
  // Kept until the end, because the lock ends with it.
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

/** A window over all main accounts: those whose snapshots are currently requested. */
class Rebuild {
  /** Parts received, by requested main account. */
  readonly #requested = new Map<string, number>();
  #stallMs: number;
  /** When the last part arrived, by the monotonic clock. */
  #lastPartAtMs = performance.now();
  #after = '';
  #done = 0;
  #printedAtMs = performance.now();
  readonly #sender: CommandSender;

  constructor(
    private readonly options: RebuildOptions,
    private readonly rows: RebuildRows,
    private readonly total: number,
  ) {
    this.#sender = new CommandSender(options.producer);
    this.#stallMs = options.stallMs ?? STALL_MS;
  }

  /** @returns whether all were answered in time */
  async run(): Promise<boolean> {
    const deadline = performance.now() + this.options.timeoutMs;
    for (;;) {
      await this.#askMore();
      if (this.#requested.size === 0) return true;
      if (performance.now() >= deadline) return false;
      await sleep(POLL_MS);
      await this.#look();
      this.#printProgress();
    }
  }

  async #askMore(): Promise<void> {
    const free = (this.options.atOnce ?? AT_ONCE) - this.#requested.size;
    if (free <= 0) return;
    const ids = await this.rows.next(this.#after, free);
    const last = ids.at(-1);
    if (last === undefined) return;
    if (this.#requested.size === 0) this.#lastPartAtMs = performance.now();
    this.#after = last;
    await doubtStates(this.options.pool, ids);
    await this.#ask(ids);
  }

  /** Committed first, so that every arriving part has a known request. */
  async #ask(mainAccountIds: readonly string[]): Promise<void> {
    const { history } = this.options;
    const orders = mainAccountIds.map((id) => ({ mainAccountId: id, commandId: `snapshot-${randomUUID()}` }));
    await this.rows.ask(orders);
    await this.#sender.send(
      orders.map(({ mainAccountId, commandId }) => ({
        mainAccountId,
        command: toEvent(commandId, { name: 'snapshot.request', data: { mainAccountId, history } }),
      })),
    );
    for (const id of mainAccountIds) this.#requested.set(id, 0);
  }

  async #look(): Promise<void> {
    for (const { mainAccountId, parts, isDone } of await this.rows.look([...this.#requested.keys()])) {
      if (!isDone && parts === this.#requested.get(mainAccountId)) continue;
      this.#lastPartAtMs = performance.now();
      if (isDone) {
        this.#requested.delete(mainAccountId);
        this.#done += 1;
      } else this.#requested.set(mainAccountId, parts);
    }
    if (this.#requested.size === 0 || performance.now() - this.#lastPartAtMs < this.#stallMs) return;
    await this.#ask([...this.#requested.keys()]);
    // If it were requested again before an answer can arrive, it would never finish: only the last request counts.
    this.#stallMs *= 2;
    this.#lastPartAtMs = performance.now();
  }

  #printProgress(): void {
    if (performance.now() - this.#printedAtMs < PRINT_MS || this.#requested.size === 0) return;
    this.#printedAtMs = performance.now();
    const parts = [...this.#requested.values()].reduce((sum, more) => sum + more, 0);
    this.options.print(`${this.#done} of ${this.total} done; ${parts} parts of ${this.#requested.size} more`);
  }
}

/** Maximum ids to name at the end. */
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
