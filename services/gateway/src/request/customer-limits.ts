import { Counter, type Logger, type Registry } from '@subledger/service-kit';
import { LRUCache } from 'lru-cache';

export type CustomerLimit = 'requests' | 'streams' | 'downloads' | 'api-keys';

/** A client at a limit usually repeats its requests, so each limit is logged once a minute. */
const LOG_EVERY_MS = 60_000;
const MAX_KEPT = 10_000;

/** Counts and logs requests of main accounts beyond their share. */
export class CustomerLimits {
  readonly #logged = new LRUCache<string, true>({ max: MAX_KEPT, ttl: LOG_EVERY_MS });
  readonly #refusals: Counter<'limit'>;

  constructor(
    metrics: Registry,
    private readonly log: Logger,
  ) {
    this.#refusals = new Counter({
      name: 'gateway_customer_limit_refusals_total',
      help: 'Requests that were refused because a main account had its share already',
      labelNames: ['limit'],
      registers: [metrics],
    });
  }

  refused(limit: CustomerLimit, mainAccountId: string): void {
    this.#refusals.inc({ limit });
    const key = `${limit} ${mainAccountId}`;
    if (this.#logged.has(key)) return;
    this.#logged.set(key, true);
    this.log.warn({ limit, mainAccountId }, 'a main account is at its limit');
  }
}
