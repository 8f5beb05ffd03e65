import type { OutgoingRecord } from '@subledger/kafka';
import type { Logger } from '@subledger/service-kit';
import type { SchedulerMetrics } from '../jobs/scheduler-metrics.js';
import type { MonthStartStore, PageCursor } from './month-start-store.js';
import { Pace } from './pace.js';
import { rollCommandRecord } from './roll-command.js';
import type { RunItem } from './run-item.js';

export interface CommandSink {
  /** Resolves when the broker has the records, in order per key. */
  send(records: OutgoingRecord[]): Promise<void>;
}

export interface MonthStartOptions {
  readonly pageSize: number;
  /** Maximum rolls sent per second. */
  readonly perSecond: number;
}

export interface MonthStartRequest {
  /** Month starts up to this instant, epoch milliseconds. */
  readonly asOfMs: number;
  readonly signal: AbortSignal;
  /** Send unanswered rolls again. @default false */
  readonly force?: boolean;
}

export interface MonthStartResult {
  /** Rolls sent by this execution. */
  readonly emitted: number;
  readonly mainAccounts: number;
  /** Number of rolls per period that begins. */
  readonly periods: Readonly<Record<string, number>>;
}

/**
 * Sends a roll for every main account whose month has started, for every missed month in order. Rows decide which
 * rolls are due and who sends them, so an execution may be repeated, interrupted or run twice at once.
 */
export class MonthStartJob {
  constructor(
    private readonly store: MonthStartStore,
    private readonly sink: CommandSink,
    private readonly metrics: Pick<SchedulerMetrics, 'rollsEmitted'>,
    private readonly options: MonthStartOptions,
    private readonly log: Logger,
  ) {}

  /** @throws the error of database or broker; rolls that were claimed but not sent can be claimed again at once */
  async run(request: MonthStartRequest): Promise<MonthStartResult> {
    const pace = new Pace(this.options.perSecond);
    const periods: Record<string, number> = {};
    const mainAccounts = new Set<string>();
    let emitted = 0;
    let after: PageCursor | undefined;
    do {
      request.signal.throwIfAborted();
      const page = await this.store.claimPage({
        asOfMs: request.asOfMs,
        after,
        limit: this.options.pageSize,
        force: request.force ?? false,
      });
      await this.#emit(page.items, pace, request.signal);
      for (const item of page.items) {
        periods[item.period] = (periods[item.period] ?? 0) + 1;
        mainAccounts.add(item.mainAccountId);
      }
      emitted += page.items.length;
      after = page.next;
    } while (after !== undefined);
    if (emitted > 0) this.log.info({ emitted, periods }, 'month start: rolls sent');
    return { emitted, mainAccounts: mainAccounts.size, periods };
  }

  async #emit(items: readonly RunItem[], pace: Pace, signal: AbortSignal): Promise<void> {
    if (items.length === 0) return;
    const inOrder = oldestFirst(items);
    try {
      await pace.take(inOrder.length, signal);
      await this.sink.send(inOrder.map(rollCommandRecord));
    } catch (error) {
      // Best effort: otherwise the claims expire.
      await this.store.release(inOrder).catch((releaseError: unknown) => {
        this.log.warn({ err: releaseError }, 'month start: claims could not be released, they expire');
      });
      throw error;
    }
    await this.store.markEmitted(inOrder);
    for (const item of inOrder) this.metrics.rollsEmitted.inc({ repeat: item.attempts > 1 ? 'yes' : 'no' });
  }
}

/**
 * By period, then by main account: an older month of any account comes before a newer one, and each account's months
 * are in order.
 */
export function oldestFirst(items: readonly RunItem[]): RunItem[] {
  return [...items].sort((a, b) => compare(a.period, b.period) || compare(a.mainAccountId, b.mainAccountId));
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
