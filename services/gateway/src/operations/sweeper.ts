import { type Logger, PeriodicTask } from '@subledger/service-kit';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import type { CommandSender } from './command-sender.js';

const SWEEP_EVERY_MS = 1_000;
const SWEEP_ROWS = 500;
/** Maximum seconds between two sends of a command. */
const MAX_PAUSE_SECONDS = 60;
const CLEAN_EVERY_MS = 10 * 60_000;
const CLEAN_ROWS = 5_000;

/**
 * Sends commands without an outcome again, with the same id, until they have one, and deletes old operations. Any
 * number of instances may run one: rows are claimed with SKIP LOCKED.
 */
export class Sweeper {
  readonly #task: PeriodicTask;
  #cleanedAtMs = 0;

  constructor(
    private readonly prisma: PrismaClient,
    private readonly sender: CommandSender,
    private readonly options: { readonly resendAfterMs: number; readonly keepDays: number },
    private readonly log: Logger,
  ) {
    this.#task = new PeriodicTask(() => this.#sweep(), {
      firstMs: SWEEP_EVERY_MS,
      everyMs: SWEEP_EVERY_MS,
      retryMs: SWEEP_EVERY_MS,
      onError: (error) => log.warn({ err: error }, 'sweep of operations failed, trying again'),
    });
  }

  start(): void {
    this.#task.start();
  }

  /** Sweeps now, or right after the running sweep. */
  sweepSoon(): void {
    void this.#task.runNow();
  }

  close(): Promise<void> {
    return this.#task.close();
  }

  async #sweep(): Promise<void> {
    const due = await this.#claimDue();
    if (due.length > 0) {
      this.log.info({ commands: due.length }, 'sending commands (again) that have no outcome yet');
      await this.sender.send(due);
    }
    if (due.length === SWEEP_ROWS) this.sweepSoon();
    await this.#clean();
  }

  /** Moves the next send into the future before sending, so that a crash in between only costs that pause. */
  #claimDue(): Promise<{ mainAccountId: string; command: string }[]> {
    const pauseSeconds = this.options.resendAfterMs / 1_000;
    return this.prisma.$queryRaw(Prisma.sql`
      UPDATE operation
         SET attempts = attempts + 1,
             next_send_at = now() + make_interval(secs =>
               least(${pauseSeconds}::float8 * power(2, least(attempts, 10)), greatest(${pauseSeconds}::float8, ${MAX_PAUSE_SECONDS})))
       WHERE id IN (SELECT id FROM operation WHERE next_send_at <= now()
                     ORDER BY next_send_at LIMIT ${SWEEP_ROWS} FOR UPDATE SKIP LOCKED)
      RETURNING main_account_id AS "mainAccountId", command`);
  }

  async #clean(): Promise<void> {
    if (performance.now() - this.#cleanedAtMs < CLEAN_EVERY_MS && this.#cleanedAtMs !== 0) return;
    this.#cleanedAtMs = performance.now();
    const days = this.options.keepDays;
    await this.prisma.$executeRaw`
      DELETE FROM operation WHERE id IN (
        SELECT id FROM operation WHERE done_at < now() - make_interval(days => ${days}) LIMIT ${CLEAN_ROWS})`;
    await this.prisma.$executeRaw`
      DELETE FROM idempotency_key WHERE ctid IN (
        SELECT ctid FROM idempotency_key WHERE created_at < now() - make_interval(days => ${days}) LIMIT ${CLEAN_ROWS})`;
  }
}
