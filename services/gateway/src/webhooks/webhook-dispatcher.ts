import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Histogram, type Logger, type Registry } from '@subledger/service-kit';
import type { Claimed, DeliveryQueue } from './delivery-queue.js';
import { type SendOptions, type SendResult, sendWebhook } from './send-webhook.js';
import { webhookHeaders } from './webhook-headers.js';
import type { WebhookSecrets } from './webhook-secrets.js';

const POLL_MS = 1_000;
const CLEAN_EVERY_MS = 10 * 60_000;
/** Milliseconds that running attempts may take when the process ends. */
const CLOSE_MS = 3_000;
const DURATION_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface DispatcherOptions {
  /** Maximum concurrent attempts of this instance. */
  readonly concurrency: number;
  readonly send: Omit<SendOptions, 'signal'>;
}

/**
 * Sends due deliveries, in every instance. Deliveries are claimed from the table, a few at a time per main account
 * and webhook. An attempt that never ends (a crash) is repeated by any instance after its lease.
 */
export class WebhookDispatcher {
  readonly #stopping = new AbortController();
  /** Aborts the attempts themselves. */
  readonly #aborting = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #load = { mains: new Map<string, number>(), webhooks: new Map<string, number>() };
  readonly #attempts: Counter;
  readonly #duration: Histogram;
  #loop: Promise<void> = Promise.resolve();
  #nudge: (() => void) | undefined;
  #isNudged = false;
  #cleanAtMs = 0;

  constructor(
    private readonly queue: DeliveryQueue,
    private readonly secrets: WebhookSecrets,
    private readonly options: DispatcherOptions,
    metrics: Registry,
    private readonly log: Logger,
  ) {
    this.#attempts = new Counter({
      name: 'gateway_webhook_attempts_total',
      help: 'Attempts to deliver a webhook, by how they ended',
      labelNames: ['result'],
      registers: [metrics],
    });
    this.#duration = new Histogram({
      name: 'gateway_webhook_attempt_duration_seconds',
      help: 'Time that an attempt to deliver a webhook took',
      buckets: DURATION_BUCKETS,
      registers: [metrics],
    });
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Looks for due deliveries now, instead of at the next poll. */
  wake(): void {
    this.#isNudged = true;
    this.#nudge?.();
  }

  /** Aborted deliveries are sent again after their lease. */
  async close(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#loop;
    const ended = Promise.all(this.#running);
    await Promise.race([ended, sleep(CLOSE_MS, undefined, { ref: false })]);
    this.#aborting.abort();
    await ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#isNudged = false;
      try {
        while ((await this.#startDue()) > 0);
        await this.#cleanNowAndThen();
      } catch (error) {
        this.log.warn({ err: error }, 'webhooks wait to be delivered');
      }
      await this.#rest();
    }
  }

  /** Waits until a delivery is queued or ends here, or for the next poll. */
  async #rest(): Promise<void> {
    if (this.#isNudged || this.#stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, POLL_MS);
      timer.unref();
      this.#nudge = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#nudge = undefined;
  }

  /** @returns the number of started attempts */
  async #startDue(): Promise<number> {
    const free = this.options.concurrency - this.#running.size;
    if (free <= 0 || this.#stopping.signal.aborted) return 0;
    const claimed = await this.queue.claim(free, this.#load);
    for (const one of claimed) {
      count(this.#load, one, 1);
      const attempt = this.#attempt(one).finally(() => {
        count(this.#load, one, -1);
        this.#running.delete(attempt);
        this.wake();
      });
      this.#running.add(attempt);
    }
    return claimed.length;
  }

  async #attempt(claimed: Claimed): Promise<void> {
    try {
      if (!claimed.enabled || claimed.url === null) return await this.queue.dropped(claimed);
      const result = await this.#send(claimed, claimed.url);
      if (this.#aborting.signal.aborted && result.error !== null) return;
      this.#attempts.inc({ result: result.error ?? 'succeeded' });
      this.#duration.observe(result.durationMs / 1_000);
      if (result.error === null) await this.queue.succeeded(claimed, result);
      else await this.queue.failed(claimed, result);
    } catch (error) {
      // It stays leased, and is sent again afterwards.
      this.log.warn(
        { err: error, deliveryId: claimed.id },
        'the end of a webhook attempt could not be noted',
      );
    }
  }

  async #send(claimed: Claimed, url: string): Promise<SendResult> {
    const { secret, previous_secret: previous, webhook_id: webhookId } = claimed;
    const current = secret === null ? undefined : this.secrets.tryOpen(secret, webhookId);
    if (current === undefined) {
      this.log.error(
        { webhookId },
        'the secret of a webhook cannot be read: WEBHOOK_SECRET_KEY is not the one that it was stored with',
      );
      return { responseStatus: null, durationMs: 0, error: 'secret-unreadable' };
    }
    const before = previous === null ? undefined : this.secrets.tryOpen(previous, webhookId);
    const secrets = before === undefined ? [current] : [current, before];
    const headers = webhookHeaders(claimed.id, new Date(), claimed.body, secrets);
    return sendWebhook(url, claimed.body, headers, { ...this.options.send, signal: this.#aborting.signal });
  }

  async #cleanNowAndThen(): Promise<void> {
    if (performance.now() < this.#cleanAtMs) return;
    const hasMore = await this.queue.clean();
    this.#cleanAtMs = hasMore ? 0 : performance.now() + CLEAN_EVERY_MS;
  }
}

function count(load: { mains: Map<string, number>; webhooks: Map<string, number> }, of: Claimed, by: 1 | -1) {
  add(load.mains, of.main_account_id, by);
  add(load.webhooks, of.webhook_id, by);
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const now = (counts.get(key) ?? 0) + by;
  if (now === 0) counts.delete(key);
  else counts.set(key, now);
}
