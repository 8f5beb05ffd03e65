import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GatewayClient, GatewayRefusal } from './gateway-client.js';

type Answer = { status: number; headers?: Record<string, string>; body?: unknown };

describe('GatewayClient', () => {
  let server: Server;
  let client: GatewayClient;
  let answers: Answer[];
  let requests: IncomingMessage[];

  beforeEach(async () => {
    answers = [];
    requests = [];
    server = createServer((request, response) => {
      requests.push(request);
      const { status, headers = {}, body } = answers.shift() ?? { status: 200, body: {} };
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new GatewayClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'key');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('repeats with the same Idempotency-Key while the gateway cannot now', async () => {
    answers = [
      { status: 503 },
      { status: 409, body: { code: 'operation-in-progress' } },
      { status: 201, body: { id: 1 } },
    ];
    expect(await client.callPersistently('POST', '/x', { body: {} })).toEqual({ id: 1 });
    const keys = requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
  });

  it('follows a 202 to what it made', async () => {
    answers = [
      { status: 202, headers: { location: '/v1/operations/op_1' }, body: {} },
      { status: 200, body: { status: 'pending' } },
      { status: 200, body: { status: 'succeeded', resource: '/v1/thing' } },
      { status: 200, body: { id: 'thing' } },
    ];
    expect(await client.post('/v1/things')).toEqual({ id: 'thing' });
  });

  it('takes a refusal as final', async () => {
    answers = [{ status: 409, body: { code: 'limit-exceeded', detail: 'no' } }];
    const failure = client.callPersistently('POST', '/x');
    await expect(failure).rejects.toBeInstanceOf(GatewayRefusal);
    expect(requests).toHaveLength(1);
  });
});
