import { describe, expect, it } from '@jest/globals';
import { ERRORS, type ErrorCode } from '@subledger/contracts';
import { HoldClient } from './hold-client.js';

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}
type Reply = { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> };

const problem = (code: ErrorCode, given: object = {}) => ({
  status: ERRORS[code].status,
  body: { type: 'about:blank', title: 'x', status: ERRORS[code].status, detail: 'why', code, ...given },
});
const placed = {
  status: 201,
  body: {
    messageId: 'm/1',
    subAccountId: 'sa_one',
    points: '2',
    expiresAt: '2026-11-24T00:15:00Z',
    remaining: '8',
  },
};
const operation = (status: 'pending' | 'succeeded' | 'rejected', given: object = {}) => ({
  id: 'op_1',
  status,
  action: 'placeHold',
  mainAccountId: 'ma_one',
  subAccountId: 'sa_one',
  resource: null,
  createdAt: '2026-11-24T00:00:00Z',
  finishedAt: null,
  problem: null,
  ...given,
});

/** A gateway that gives these answers one after the other, the last one for ever. */
function gateway(replies: (Reply | Error | 'hangs')[], timeoutMs = 2_000) {
  const calls: Call[] = [];
  const answer = async (url: unknown, init?: RequestInit): Promise<Response> => {
    const { method = 'GET', headers, body, signal } = init ?? {};
    calls.push({
      method,
      url: String(url),
      headers: headers as Record<string, string>,
      body: body as string | undefined,
    });
    const reply = replies[Math.min(calls.length, replies.length) - 1];
    if (reply === 'hangs')
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    if (reply instanceof Error || reply === undefined) throw reply;
    return new Response(reply.body === undefined ? null : JSON.stringify(reply.body), {
      status: reply.status,
      headers: reply.headers ?? {},
    });
  };
  const client = HoldClient.overHttp({
    gatewayUrl: 'http://gateway/',
    apiKey: 'key',
    timeoutMs,
    fetch: answer as typeof fetch,
  });
  return { client, calls };
}
const request = { mainAccountId: 'ma_one', subAccountId: 'sa_one', messageId: 'm/1', points: '2' };

describe('holds over HTTP', () => {
  it('places one', async () => {
    const { client, calls } = gateway([placed]);
    expect(await client.hold({ ...request, expiresInSeconds: 60 })).toEqual({
      outcome: 'placed',
      points: '2',
      remaining: '8',
      expiresAt: '2026-11-24T00:15:00Z',
    });
    expect(calls[0]).toMatchObject({ method: 'POST', url: 'http://gateway/v1/main-accounts/ma_one/holds' });
    expect(calls[0]?.headers).toMatchObject({ authorization: 'Bearer key' });
    expect(JSON.parse(calls[0]?.body ?? '')).toEqual({
      subAccountId: 'sa_one',
      messageId: 'm/1',
      points: '2',
      expiresInSeconds: 60,
    });
  });

  it('releases one', async () => {
    const { client, calls } = gateway([{ status: 200, body: { messageId: 'm/1', points: '0' } }]);
    expect(await client.release(request)).toEqual({ outcome: 'released', points: '0' });
    expect(calls[0]).toMatchObject({
      method: 'DELETE',
      url: 'http://gateway/v1/main-accounts/ma_one/holds/m%2F1',
    });
  });

  it.each<[ErrorCode, object]>([
    ['limit-exceeded', { remaining: '1.5' }],
    ['already-held', {}],
    ['not-found', {}],
    ['unauthorized', {}],
    ['validation-failed', {}],
  ])('%s is a refusal', async (code, given) => {
    const { client, calls } = gateway([problem(code, given)]);
    expect(await client.hold(request)).toEqual({ outcome: 'refused', code, detail: 'why', ...given });
    expect(calls).toHaveLength(1);
  });

  it('repeats the request with the same key while the gateway is unavailable or unreachable', async () => {
    const { client, calls } = gateway([new Error('ECONNRESET'), problem('service-unavailable'), placed]);
    expect((await client.hold(request)).outcome).toBe('placed');
    expect(new Set(calls.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    await client.hold(request);
    expect(new Set(calls.map(({ headers }) => headers['idempotency-key'])).size).toBe(2);
  });

  it('polls an operation that takes longer, then fetches the whole answer', async () => {
    const accepted = { status: 202, body: operation('pending') };
    const { client, calls } = gateway([
      accepted,
      { status: 200, body: operation('pending') },
      { status: 200, body: operation('succeeded') },
      placed,
    ]);
    expect((await client.hold(request)).outcome).toBe('placed');
    expect(calls.map(({ method, url }) => `${method} ${url.slice('http://gateway/v1/'.length)}`)).toEqual([
      'POST main-accounts/ma_one/holds',
      'GET operations/op_1',
      'GET operations/op_1',
      'POST main-accounts/ma_one/holds',
    ]);
  });

  it('returns the refusal of an operation', async () => {
    const { body } = problem('limit-exceeded', { remaining: '1' });
    const { client } = gateway([
      { status: 202, body: operation('pending') },
      { status: 200, body: operation('rejected', { problem: body }) },
    ]);
    expect(await client.hold(request)).toMatchObject({
      outcome: 'refused',
      code: 'limit-exceeded',
      remaining: '1',
    });
  });

  it.each<[string, (Reply | Error | 'hangs')[], object]>([
    ['no answer', ['hangs'], { reason: 'timeout' }],
    ['nobody there', [new Error('ECONNREFUSED')], { reason: 'unreachable' }],
    [
      'an operation without an end',
      [{ status: 202, body: operation('pending') }, 'hangs'],
      { operationId: 'op_1' },
    ],
    ['a gateway that cannot', [problem('service-unavailable')], { reason: 'unavailable' }],
    ['an answer that is not the gateway’s', [{ status: 418, body: 'tea' }], { reason: 'unavailable' }],
    ['a hold that is none', [{ status: 201, body: {} }], { reason: 'unavailable' }],
  ])('%s is unknown, and says what to do', async (_what, replies, given) => {
    const { client } = gateway(replies, 150);
    const outcome = await client.hold(request);
    expect(outcome).toMatchObject({
      outcome: 'unknown',
      advice: expect.stringContaining('release()'),
      ...given,
    });
  });

  it('a call that is closed upon is unknown', async () => {
    const { client } = gateway(['hangs'], 60_000);
    const outcome = client.release(request);
    await client.close();
    expect(await outcome).toMatchObject({ outcome: 'unknown' });
  });
});
