import { type Agent, request } from 'node:http';
import { type Distribution, distribution } from './figures.js';
import { now, onTime } from './open-loop.js';

/** A request that takes longer counts as lost. */
const REQUEST_TIMEOUT_MS = 10_000;

export interface Ask {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object;
}

export interface Answers {
  /** From when a request was due until its answer. */
  readonly latencyMs: Distribution;
  /** Number of answers by status, or by error if there was none. */
  readonly statuses: Readonly<Record<string, number>>;
}

/**
 * An open loop: each request is sent at its time, whether or not earlier ones were answered.
 * @param arrivals milliseconds from now, ascending
 */
export async function requestsOnTime(
  agent: Agent,
  arrivals: Float64Array,
  askOf: (index: number) => Ask,
): Promise<Answers> {
  const startAt = now();
  const dueAt = (index: number) => startAt + (arrivals[index] as number);
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const open: Promise<void>[] = [];
  await onTime(arrivals.length, dueAt, (index) => {
    const asked = statusOf(agent, askOf(index)).then((status) => {
      latencies.push(now() - dueAt(index));
      statuses[status] = (statuses[status] ?? 0) + 1;
    });
    open.push(asked);
  });
  await Promise.all(open);
  return { latencyMs: distribution(latencies), statuses };
}

/** @returns the answer's status, or the error */
export function statusOf(agent: Agent, { url, method, headers, body }: Ask): Promise<string> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const ofBody =
    text === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve) => {
    const asking = request(
      url,
      { agent, method, timeout: REQUEST_TIMEOUT_MS, headers: { ...headers, ...ofBody } },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(String(answer.statusCode)));
      },
    );
    asking.once('timeout', () => asking.destroy(new Error('timeout')));
    asking.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asking.end(text);
  });
}
