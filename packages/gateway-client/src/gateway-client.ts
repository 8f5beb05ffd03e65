import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Problem } from '@subledger/contracts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface GatewayAnswer<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON body, otherwise the text, or null without a body. */
  readonly body: Body;
}

export interface RequestOptions {
  readonly body?: unknown;
  /** Sent as it is instead of `body`. */
  readonly rawBody?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: a new one for each POST. */
  readonly idempotencyKey?: string;
  readonly timeoutMs?: number;
}

export interface RetryOptions extends RequestOptions {
  /** Milliseconds to keep trying. Default 60,000. */
  readonly retryForMs?: number;
}

/** The gateway refused: an answer that is neither successful nor worth repeating. */
export class GatewayRefusal extends Error {
  override readonly name = 'GatewayRefusal';
  readonly answer: GatewayAnswer<Problem>;

  constructor(method: string, path: string, answer: GatewayAnswer<Problem>) {
    const { body } = answer;
    super(`${method} ${path}: ${answer.status} ${body?.code ?? ''} ${body?.detail ?? ''}`.trim());
    this.answer = answer;
  }

  get code(): string {
    return this.answer.body?.code;
  }
}

const RETRIED = new Set([408, 425, 429, 500, 502, 503, 504]);
const PAUSE_MS = 200;
const POLL_MS = 100;

/**
 * The REST API as a customer's program would use it: with keys and idempotency, and following each 202 to its
 * outcome.
 */
export class GatewayClient {
  readonly baseUrl: string;
  readonly #key: string;

  constructor(baseUrl: string, apiKey: string) {
    this.baseUrl = baseUrl.replace(/\/$/, '');
    this.#key = apiKey;
  }

  /** The same gateway with another key. */
  as(apiKey: string): GatewayClient {
    return new GatewayClient(this.baseUrl, apiKey);
  }

  /**
   * Sends one request, and accepts any answer.
   * @throws TypeError | DOMException if there is none
   */
  async request<Body = unknown>(
    method: Method,
    path: string,
    options: RequestOptions = {},
  ): Promise<GatewayAnswer<Body>> {
    const text = options.rawBody ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const response = await fetch(path.startsWith('http') ? path : `${this.baseUrl}${path}`, {
      method,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${this.#key}`,
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'POST' ? { 'idempotency-key': options.idempotencyKey ?? randomUUID() } : {}),
        ...options.headers,
      },
      ...(text === undefined ? {} : { body: text }),
      signal: AbortSignal.timeout(options.timeoutMs ?? 30_000),
    });
    return { status: response.status, headers: response.headers, body: (await bodyOf(response)) as Body };
  }

  /**
   * Sends one request that must succeed, and follows a 202 to its outcome.
   *
   *
   * @throws GatewayRefusal
   */
  async call<Body = unknown>(method: Method, path: string, options: RequestOptions = {}): Promise<Body> {
    const answer = await this.request<Body>(method, path, options);
    if (answer.status === 202) return this.#follow<Body>(method, path, answer);
    if (answer.status >= 300) throw new GatewayRefusal(method, path, answer as GatewayAnswer<Problem>);
    return answer.body;
  }

  /**
   * Like `call`, but repeats the request with the same Idempotency-Key while the gateway is unreachable or
   * unavailable. The request is carried out once, however often it is sent.
   *
   *
   * @throws GatewayRefusal, or the last failure after `retryForMs`
   */
  async callPersistently<Body = unknown>(
    method: Method,
    path: string,
    options: RetryOptions = {},
  ): Promise<Body> {
    const { retryForMs = 60_000, idempotencyKey = randomUUID(), ...rest } = options;
    const deadline = performance.now() + retryForMs;
    for (;;) {
      try {
        return await this.call<Body>(method, path, { ...rest, idempotencyKey });
      } catch (error) {
        if (isFinal(error) || performance.now() >= deadline) throw error;
        await delay(PAUSE_MS);
      }
    }
  }

  get<Body = unknown>(path: string): Promise<Body> {
    return this.call<Body>('GET', path);
  }

  post<Body = unknown>(path: string, body?: unknown): Promise<Body> {
    return this.call<Body>('POST', path, body === undefined ? {} : { body });
  }

  /** Every item of a list, page after page. */
  async list<Item>(path: string): Promise<Item[]> {
    const items: Item[] = [];
    let cursor: string | null = null;
    do {
      const separator = path.includes('?') ? '&' : '?';
      const page: { items: Item[]; nextCursor: string | null } = await this.get(
        cursor === null ? path : `${path}${separator}cursor=${encodeURIComponent(cursor)}`,
      );
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  }

  async #follow<Body>(method: Method, path: string, accepted: GatewayAnswer<unknown>): Promise<Body> {
    const location = accepted.headers.get('location');
    if (location === null) throw new Error(`${method} ${path}: 202 without Location`);
    for (;;) {
      const operation = await this.get<{ status: string; resource: string | null; problem: Problem | null }>(
        location,
      );
      if (operation.status === 'rejected') {
        const body = operation.problem as Problem;
        throw new GatewayRefusal(method, path, { status: body.status, headers: accepted.headers, body });
      }
      if (operation.status === 'succeeded')
        return (operation.resource === null ? null : await this.get(operation.resource)) as Body;
      await delay(POLL_MS);
    }
  }
}

function isFinal(error: unknown): boolean {
  if (!(error instanceof GatewayRefusal)) return false;
  return !RETRIED.has(error.answer.status) && error.code !== 'operation-in-progress';
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return null;
  return response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text;
}
