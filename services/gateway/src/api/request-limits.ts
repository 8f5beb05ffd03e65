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
/** Of all that a customer asks: short, so that one burst cannot fill the gateway. */
const CUSTOMER_WINDOW_MS = 1_000;
/** Counters that are kept at most, of each kind; whoever asked longest ago goes first. */
const MAX_COUNTED = 20_000;
/** For so long a credential that was right is not counted on its address. */
const KNOWN_MS = 600_000;

/** Requests within a minute, those of a main account within a second; 0 is no limit. */
export interface RequestBounds {
  /** Of one address: requests without a credential, with a wrong one, and the first with each right one. */
  readonly address: number;
  /** Of one key or session of a main account, or session of a sub-account. */
  readonly customer: number;
  /** Of all keys and sessions of a main account and its sub-accounts together. */
  readonly mainAccount: number;
  readonly operator: number;
  readonly upstream: number;
}
type Count = ReturnType<FastifyInstance['createRateLimit']>;
type Counted = Parameters<
  NonNullable<Parameters<FastifyInstance['createRateLimit']>[0]>['keyGenerator'] & object
>[0];

/**
 * How often somebody may ask this instance, counted in memory in fixed windows. Before a credential is looked up it
 * must have been right lately, or its address must have requests left: guessing keys costs no database. A neighbour who
 * uses up an address therefore stops strangers on it, but nobody who is at work.
 */
export class RequestLimits {
  private readonly keys = new WeakMap<object, string>();
  private readonly known = new LRUCache<string, true>({ max: MAX_COUNTED, ttl: KNOWN_MS });
  private readonly counts: Record<keyof RequestBounds, Count | undefined>;

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
            keyGenerator: (request: Counted) => this.keys.get(request.raw) ?? '',
          });
    this.counts = {
      address: count(bounds.address),
      customer: count(bounds.customer),
      mainAccount: count(bounds.mainAccount, CUSTOMER_WINDOW_MS),
      operator: count(bounds.operator),
      upstream: count(bounds.upstream),
    };
  }

  /** Before any route is added. */
  static async of(
    fastify: FastifyInstance,
    bounds: RequestBounds,
    customers: CustomerLimits,
  ): Promise<RequestLimits> {
    await fastify.register(rateLimit, { global: false, cache: MAX_COUNTED });
    return new RequestLimits(fastify, bounds, customers);
  }

  /** Without a credential. @throws ProblemError `too-many-requests` */
  async requireOfAddress(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.count('address', limitedAddress(clientAddress(request)), request, reply);
  }

  /** With one that is not looked up yet. @throws ProblemError `too-many-requests`, if its address has none left */
  async requireOfStranger(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (this.known.get(credentialOf(request)) !== undefined) return;
    await this.requireOfAddress(request, reply);
  }

  /** It was wrong: the next request with it is a stranger's. */
  wasWrong(request: FastifyRequest): void {
    this.known.delete(credentialOf(request));
  }

  /** By somebody who is known now. @throws ProblemError `too-many-requests` */
  async requireOf(principal: Principal, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    this.known.set(credentialOf(request), true);
    // What counts is theirs from now on, not their address's.
    reply.removeHeader('ratelimit').removeHeader('ratelimit-policy');
    await this.count(KIND[principal.who], principal.credentialId, request, reply);
    const { mainAccountId } = principal;
    if (mainAccountId === undefined) return;
    await this.count('mainAccount', mainAccountId, request, reply).catch((error: unknown) => {
      this.customers.refused('requests', mainAccountId);
      throw error;
    });
  }

  private async count(
    kind: keyof typeof this.counts,
    key: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const count = this.counts[kind];
    if (!count) return;
    this.keys.set(request.raw, key);
    const result = await count(request);
    if (result.isAllowed) return;
    // Those of the key are said: a second has passed before anybody reads what is left of it.
    if (kind === 'mainAccount' && !result.isExceeded) return;
    const { name, windowMs } = SAID[kind];
    const seconds = Math.max(1, result.ttlInSeconds);
    reply.headers({
      ratelimit: `"${name}";r=${result.remaining};t=${seconds}`,
      'ratelimit-policy': `"${name}";q=${result.max};w=${windowMs / 1_000}`,
    });
    if (!result.isExceeded) return;
    throw new ProblemError('too-many-requests', {}, { 'retry-after': String(seconds) });
  }
}

/** As `RateLimit` names them. */
const SAID: Record<keyof RequestBounds, { readonly name: string; readonly windowMs: number }> = {
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

/** A hash, so that no credential is kept. */
const credentialOf = ({ headers }: FastifyRequest): string =>
  hash('sha256', headers.authorization ?? `cookie ${headers.cookie ?? ''}`, 'base64');
