import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdView, operationView, type Problem, problem, releasedHold } from '@subledger/contracts';
import {
  type HoldOutcome,
  type HoldRequest,
  type HoldTransport,
  type Refused,
  type ReleaseOutcome,
  type ReleaseRequest,
  type Unknown,
  unknownHold,
  unknownRelease,
} from './outcome.js';

export interface HttpHoldsOptions {
  /** The gateway's address, such as `https://subledger.example`. */
  readonly gatewayUrl: string;
  /** An API key with the scope `upstream`. */
  readonly apiKey: string;
  /** Milliseconds until a call ends as `unknown`, including retries. Default 5,000. */
  readonly timeoutMs?: number;
  /** Default: the runtime's. */
  readonly fetch?: typeof fetch;
}

/** The result of a call: its answer, a refusal, or unknown. */
type Called =
  | { readonly kind: 'answered'; readonly body: unknown }
  | { readonly kind: 'refused'; readonly refused: Refused }
  | {
      readonly kind: 'unknown';
      readonly reason: Unknown['reason'];
      readonly detail: string;
      readonly operationId?: string;
    };

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterMs: number;
}

const RETRY_MS = 100;
const POLL_MS = 100;
const MAX_RETRY_AFTER_MS = 2_000;

/** Holds over the gateway's REST API. Each call has one Idempotency-Key, so that its retries count once. */
export class HttpHolds implements HoldTransport {
  readonly #options: HttpHoldsOptions;
  readonly #closing = new AbortController();

  constructor(options: HttpHoldsOptions) {
    this.#options = options;
  }

  async hold({ mainAccountId, ...body }: HoldRequest): Promise<HoldOutcome> {
    const path = `/v1/main-accounts/${encodeURIComponent(mainAccountId)}/holds`;
    const called = await this.#call('POST', path, body);
    if (called.kind === 'refused') return called.refused;
    if (called.kind === 'unknown') return unknownHold(called.reason, called.detail, called.operationId);
    const placed = holdView.safeParse(called.body);
    if (!placed.success) return unknownHold('unavailable', 'the gateway’s answer is not a hold');
    const { points, remaining, expiresAt } = placed.data;
    return { outcome: 'placed', points, remaining, expiresAt };
  }

  async release({ mainAccountId, messageId }: ReleaseRequest): Promise<ReleaseOutcome> {
    const path = `/v1/main-accounts/${encodeURIComponent(mainAccountId)}/holds/${encodeURIComponent(messageId)}`;
    const called = await this.#call('DELETE', path, undefined);
    if (called.kind === 'refused') return called.refused;
    if (called.kind === 'unknown') return unknownRelease(called.reason, called.detail, called.operationId);
    const released = releasedHold.safeParse(called.body);
    if (!released.success)
      return unknownRelease('unavailable', 'the gateway’s answer is not a released hold');
    return { outcome: 'released', points: released.data.points };
  }

  /** Pending calls end as `unknown`. */
  async close(): Promise<void> {
    this.#closing.abort();
  }

  async #call(method: 'POST' | 'DELETE', path: string, body: unknown): Promise<Called> {
    const timeoutMs = this.#options.timeoutMs ?? 5_000;
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#closing.signal]);
    const key = randomUUID();
    let last: Called = { kind: 'unknown', reason: 'timeout', detail: `no answer within ${timeoutMs} ms` };
    while (!signal.aborted) {
      const reply = await this.#request(method, path, body, key, signal).catch((error: unknown) =>
        String(error),
      );
      let pauseMs = RETRY_MS;
      if (typeof reply === 'string') {
        // If the deadline interrupts a request, the previous result stays.
        if (!signal.aborted) last = { kind: 'unknown', reason: 'unreachable', detail: reply };
      } else if (reply.status === 202) {
        const accepted = operationView.safeParse(reply.body);
        const id = accepted.data?.id;
        const given = id === undefined ? {} : { operationId: id };
        last = { kind: 'unknown', reason: 'timeout', detail: 'accepted, no outcome yet', ...given };
        // Once the operation is done, the same request with the same key gets the complete answer.
        const refused = id === undefined ? undefined : await this.#awaitOperation(id, signal);
        if (refused) return { kind: 'refused', refused };
        pauseMs = 0;
      } else if (reply.status < 300) return { kind: 'answered', body: reply.body };
      else {
        const said = problem.safeParse(reply.body).data;
        // The cause is not this request: too many requests, or a server error.
        const isPassing =
          reply.status >= 500 || reply.status === 429 || said?.code === 'operation-in-progress';
        if (!isPassing && said) return { kind: 'refused', refused: toRefused(said) };
        last = {
          kind: 'unknown',
          reason: 'unavailable',
          detail: `status ${reply.status}${said ? `: ${said.detail}` : ''}`,
          ...('operationId' in last && last.operationId !== undefined
            ? { operationId: last.operationId }
            : {}),
        };
        // The answer does not come from the gateway, but from a proxy.
        if (!isPassing) return last;
        pauseMs = Math.max(RETRY_MS, reply.retryAfterMs);
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
    return last;
  }

  /** @returns the refusal, or undefined if it succeeded or the time is up */
  async #awaitOperation(id: string, signal: AbortSignal): Promise<Refused | undefined> {
    while (!signal.aborted) {
      const reply = await this.#request('GET', `/v1/operations/${id}`, undefined, undefined, signal).catch(
        () => undefined,
      );
      const operation = reply?.status === 200 ? operationView.safeParse(reply.body).data : undefined;
      if (operation?.status === 'rejected' && operation.problem) return toRefused(operation.problem);
      if (operation?.status === 'succeeded') return undefined;
      await sleep(Math.max(POLL_MS, reply?.retryAfterMs ?? 0), undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  }

  async #request(
    method: string,
    path: string,
    body: unknown,
    idempotencyKey: string | undefined,
    signal: AbortSignal,
  ): Promise<Reply> {
    const { gatewayUrl, apiKey, fetch: send = fetch } = this.#options;
    const headers: Record<string, string> = { authorization: `Bearer ${apiKey}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
    const url = `${gatewayUrl.replace(/\/+$/, '')}${path}`;
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await send(url, { method, headers, signal, redirect: 'error', ...init });
    const text = await response.text();
    const seconds = Number(response.headers.get('retry-after') ?? 0);
    const retryAfterMs = seconds > 0 ? Math.min(seconds * 1_000, MAX_RETRY_AFTER_MS) : 0;
    return { status: response.status, body: parseJson(text), retryAfterMs };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toRefused({ code, remaining, detail }: Problem): Refused {
  return { outcome: 'refused', code, detail, ...(remaining === undefined ? {} : { remaining }) };
}
