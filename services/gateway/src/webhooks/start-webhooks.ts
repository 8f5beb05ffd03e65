import type { Logger, Registry } from '@subledger/service-kit';
import type pg from 'pg';
import type { GatewayConfig } from '../config.js';
import { DeliveryQueue } from './delivery-queue.js';
import { nameServerResolver } from './resolve-host.js';
import { ShortfallForecast } from './shortfall-forecast.js';
import { WebhookDispatcher } from './webhook-dispatcher.js';
import { WebhookFeed } from './webhook-feed.js';
import { WebhookListeners } from './webhook-listeners.js';
import { WebhookSecrets } from './webhook-secrets.js';
import type { WebhookParts } from './webhooks.service.js';

/** Maximum concurrent attempts per instance: of a main account, and of one of its webhooks. */
const PER_MAIN = 8;
const PER_WEBHOOK = 4;
/**
 * An attempt ends within its time-out. Storing its outcome must also fit into the lease, before another instance
 * repeats it.
 */
const LEASE_FACTOR = 3;

export interface RunningWebhooks extends WebhookParts {
  readonly listeners: WebhookListeners;
  readonly feed: WebhookFeed;
  /** @throws the database's error; no ledger events may be read before the listeners are known */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function openWebhooks(
  pool: pg.Pool,
  config: GatewayConfig,
  metrics: Registry,
  log: Logger,
): RunningWebhooks {
  const secrets = new WebhookSecrets(config.WEBHOOK_SECRET_KEY);
  const rules = {
    requireHttps: config.NODE_ENV === 'production',
    allowPrivate: config.WEBHOOK_ALLOW_PRIVATE_ADDRESSES,
  };
  const queue = new DeliveryQueue(pool, {
    perMain: PER_MAIN,
    perWebhook: PER_WEBHOOK,
    leaseMs: config.WEBHOOK_TIMEOUT_MS * LEASE_FACTOR,
    retryFirstMs: config.WEBHOOK_RETRY_FIRST_MS,
    retryForMs: config.WEBHOOK_RETRY_FOR_MS,
    disableAfterDays: config.WEBHOOK_DISABLE_AFTER_DAYS,
    keepDays: config.KEEP_WEBHOOK_DELIVERIES_DAYS,
  });
  const resolve = nameServerResolver(config.WEBHOOK_NAME_SERVERS);
  const send = { ...rules, timeoutMs: config.WEBHOOK_TIMEOUT_MS, resolve };
  const options = { concurrency: config.WEBHOOK_CONCURRENCY, send };
  const dispatcher = new WebhookDispatcher(queue, secrets, options, metrics, log);
  const listeners = new WebhookListeners(pool, log);
  const wake = () => dispatcher.wake();
  const forecast = new ShortfallForecast(pool, wake, log);
  return {
    secrets,
    rules,
    listeners,
    wake,
    feed: new WebhookFeed(listeners, wake),
    start: async () => {
      await listeners.start();
      dispatcher.start();
      forecast.start();
    },
    stop: async () => {
      await forecast.close();
      await listeners.close();
      await dispatcher.close();
    },
  };
}
