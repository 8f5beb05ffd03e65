import { formatPoints } from '@subledger/core';
import { withTransaction } from '@subledger/database';
import { type Logger, PeriodicTask } from '@subledger/service-kit';
import type pg from 'pg';
import { loadResetState } from '../periods/load-reset-state.js';
import { canPreview, previewInSteps, type ResetPreview, runYielding } from '../periods/preview-reset.js';
import { enqueueWebhookEvent } from './enqueue-webhook-events.js';
import type { WebhookEvent } from './webhook-event.js';

/** Days before a month start on which a customer is notified, each once. */
const DAYS_BEFORE = [1, 3] as const;
const DAY_MS = 86_400_000;
/** Maximum sub-accounts in the event. The statement has them all. */
const MAX_NAMED = 100;

const TIMES = { firstMs: 30_000, everyMs: 3_600_000, retryMs: 5 * 60_000 };

interface Due {
  readonly mainAccountId: string;
  /** Milliseconds until its month start. */
  readonly leftMs: number;
}

/**
 * Queues a webhook event three days and one day before a month start that cannot fund all limits in the current
 * state. It runs every hour, so that a shortfall that arises within these days is reported too. The delivery's key
 * makes each event unique, on any instance. It is computed like the reset preview, with the rules of the roll itself
 * (docs/decisions/0016).
 */
export class ShortfallForecast {
  readonly #repeated: PeriodicTask;
  #closed = false;

  constructor(
    private readonly pool: pg.Pool,
    private readonly wake: () => void,
    log: Logger,
  ) {
    this.#repeated = new PeriodicTask(() => this.look(), {
      ...TIMES,
      onError: (err) => log.warn({ err }, 'shortfalls could not be forecast, tried again later'),
    });
  }

  start(): void {
    this.#repeated.start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#repeated.close();
  }

  /**
   * Checks all main accounts that have such a webhook and a month start within three days.
   * @returns the number of queued deliveries
   * @throws the database's error
   */
  async look(): Promise<number> {
    let queued = 0;
    for (const { mainAccountId, leftMs } of await this.#due()) {
      if (this.#closed) break;
      queued += await this.#lookAt(mainAccountId, leftMs);
    }
    if (queued > 0) this.wake();
    return queued;
  }

  /** The database's clock decides, because instances' clocks differ. */
  async #due(): Promise<Due[]> {
    const { rows } = await this.pool.query<Due>(
      `SELECT m.main_account_id AS "mainAccountId",
          (extract(epoch FROM m.next_month_start - now()) * 1000)::float8 AS "leftMs"
         FROM main_account_state m
        WHERE m.next_month_start > now() AND m.next_month_start <= now() + $1 * INTERVAL '1 day'
          AND EXISTS (SELECT FROM webhook w WHERE w.main_account_id = m.main_account_id AND w.enabled
                       AND 'shortfall.forecast' = ANY(w.events))
        ORDER BY m.main_account_id`,
      [Math.max(...DAYS_BEFORE)],
    );
    return rows;
  }

  async #lookAt(mainAccountId: string, leftMs: number): Promise<number> {
    const state = await loadResetState(this.pool, mainAccountId);
    // In the middle of a month start, the next check is early enough. If the month start cannot be computed, the
    // ledger raises the alarm, and other accounts must still be checked.
    if (!state || !canPreview(state.main)) return 0;
    const unfunded: string[] = [];
    const steps = previewInSteps(state.main, state.subs, (row) => {
      if (row.outcome === 'unfunded' && unfunded.length < MAX_NAMED) unfunded.push(row.id);
    });
    const preview = await runYielding(steps);
    if (preview.shortfall === 0n) return 0;
    const webhookEvent = forecastOf(mainAccountId, preview, unfunded, leftMs);
    return withTransaction(this.pool, (client) => enqueueWebhookEvent(client, webhookEvent));
  }
}

function forecastOf(
  mainAccountId: string,
  preview: ResetPreview,
  subAccountIds: readonly string[],
  leftMs: number,
): WebhookEvent<'shortfall.forecast'> {
  const days = DAYS_BEFORE.find((some) => leftMs <= some * DAY_MS) ?? Math.max(...DAYS_BEFORE);
  const { period, needed, available, shortfall, unfunded } = preview;
  return {
    mainAccountId,
    type: 'shortfall.forecast',
    at: new Date(preview.at - leftMs).toISOString(),
    dedupeKey: `shortfall:${period}:${days}`,
    data: {
      mainAccountId,
      period,
      startsAt: new Date(preview.at).toISOString(),
      needed: formatPoints(needed),
      // With unlimited credit nothing is lacking. In debt it is below 0, so the debt is lacking too.
      available: formatPoints(available ?? 0n),
      shortfall: formatPoints(shortfall),
      unfunded,
      subAccountIds: [...subAccountIds],
    },
  };
}
