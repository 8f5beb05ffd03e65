import { hash } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import type { Who } from '@subledger/contracts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { clientAddress } from '../request/client-address.js';
import type { CustomerLimits } from '../request/customer-limits.js';
import { limitedAddress } from '../request/limited-address.js';
import type { Principal } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';

const REQUEST_WINDOW_MS = 60_000;
/** Window for all requests of a customer. It is short, so that one burst cannot fill the gateway. */
const CUSTOMER_WINDOW_MS = 1_000;
/** Maximum number of counters of each kind. The least recently used is dropped first. */
const MAX_COUNTED = 20_000;
/** Milliseconds for which a credential that was valid does not count on its address. */
const KNOWN_MS = 600_000;

/** Maximum requests per minute, or per second for a main account. 0 means no limit. */
export interface RequestBounds {
  /** Per address: requests without a credential, with a wrong one, and the first with each valid one. */
  readonly address: number;
  /** Per key or session of a main account, or session of a sub-account. */
  readonly customer: number;
  /** For all keys and sessions of a main account and its sub-accounts together. */
  readonly mainAccount: number;
  readonly operator: number;
  readonly upstream: number;
}
type Count = ReturnType<FastifyInstance['createRateLimit']>;
type Counted = Parameters<
  NonNullable<Parameters<FastifyInstance['createRateLimit']>[0]>['keyGenerator'] & object
>[0];

/**
 * Rate limits of this instance, counted in memory in fixed windows (OWASP API Security, API4:2023). Before a
 * credential is looked up, it must have been valid recently, or its address must have requests left, so that guessing
 * keys costs no database query. If one client uses up an address, new clients on it are refused, but clients with a
 * recently valid credential are not.
 */
export class RequestLimits {
  readonly #keys = new WeakMap<object, string>();
  readonly #known = new LRUCache<string, true>({ max: MAX_COUNTED, ttl: KNOWN_MS });
  readonly #counts: Record<keyof RequestBounds, Count | undefined>;

  private constructor(
    fastify: FastifyInstance,
    bounds: RequestBounds,
    private readonly customers: CustomerLimits,
  ) {
    const count = (max: number, windowMs = REQUEST_WINDOW_MS): Count | undefined =>
      max === 0
        ? undefined
        : fastify.createRateLimit({
            max,
            timeWindow: windowMs,
            keyGenerator: (request: Counted) => this.#keys.get(request.raw) ?? '',
          });
    this.#counts = {
      address: count(bounds.address),
      customer: count(bounds.customer),
      mainAccount: count(bounds.mainAccount, CUSTOMER_WINDOW_MS),
      operator: count(bounds.operator),
      upstream: count(bounds.upstream),
    };
  }

  /** Call it before any route is added. */
  static async of(
    fastify: FastifyInstance,
    bounds: RequestBounds,
    customers: CustomerLimits,
  ): Promise<RequestLimits> {
    await fastify.register(rateLimit, { global: false, cache: MAX_COUNTED });
    return new RequestLimits(fastify, bounds, customers);
  }

  /**
   * For a request without a credential.
   * @throws ProblemError `too-many-requests`
   */
  async requireOfAddress(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.#count('address', limitedAddress(clientAddress(request)), request, reply);
  }

  /**
   * For a credential that is not looked up yet.
   * @throws ProblemError `too-many-requests` if its address has no requests left
   */
  async requireOfStranger(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (this.#known.get(credentialOf(request)) !== undefined) return;
    await this.requireOfAddress(request, reply);
  }

  /** The credential was wrong, so its next request counts on the address. */
  wasWrong(request: FastifyRequest): void {
    this.#known.delete(credentialOf(request));
  }

  /**
   * For an authenticated caller.
   * @throws ProblemError `too-many-requests`
   */
  async requireOf(principal: Principal, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    this.#known.set(credentialOf(request), true);
    // From now on the caller's own limit applies, not that of the address.
    reply.removeHeader('ratelimit').removeHeader('ratelimit-policy');
    await this.#count(KIND[principal.who], principal.credentialId, request, reply);
    const { mainAccountId } = principal;
    if (mainAccountId === undefined) return;
    await this.#count('mainAccount', mainAccountId, request, reply).catch((error: unknown) => {
      this.customers.refused('requests', mainAccountId);
      throw error;
    });
  }

  async #count(
    kind: keyof RequestBounds,
    key: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const count = this.#counts[kind];
    if (!count) return;
    this.#keys.set(request.raw, key);
    const result = await count(request);
    if (result.isAllowed) return;
    // Report the key's limit: what is left of a one-second window is outdated before anyone reads it.
    if (kind === 'mainAccount' && !result.isExceeded) return;
    const { name, windowMs } = REPORTED[kind];
    const seconds = Math.max(1, result.ttlInSeconds);
    reply.headers({
      ratelimit: `"${name}";r=${result.remaining};t=${seconds}`,
      'ratelimit-policy': `"${name}";q=${result.max};w=${windowMs / 1_000}`,
    });
    if (!result.isExceeded) return;
    throw new ProblemError('too-many-requests', {}, { 'retry-after': String(seconds) });
  }
}

/** Names and windows for the `RateLimit` headers. */
const REPORTED: Record<keyof RequestBounds, { readonly name: string; readonly windowMs: number }> = {
  address: { name: 'address', windowMs: REQUEST_WINDOW_MS },
  customer: { name: 'key', windowMs: REQUEST_WINDOW_MS },
  operator: { name: 'key', windowMs: REQUEST_WINDOW_MS },
  upstream: { name: 'key', windowMs: REQUEST_WINDOW_MS },
  mainAccount: { name: 'main-account', windowMs: CUSTOMER_WINDOW_MS },
};

const KIND: Record<Who, 'customer' | 'operator' | 'upstream'> = {
  operator: 'operator',
  upstream: 'upstream',
  main: 'customer',
  sub: 'customer',
};

/** A hash, so that no credential is stored. */
const credentialOf = ({ headers }: FastifyRequest): string =>
  hash('sha256', headers.authorization ?? `cookie ${headers.cookie ?? ''}`, 'base64');
