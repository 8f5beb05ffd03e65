import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@subledger/testing';
import { TestGateway } from '../test-support/test-gateway.js';

/** Short, so that a client that would tie something up for ever is told from one that is broken off. */
const HEADERS_MS = 600;
const REQUEST_MS = 1_200;
const STALLED_MS = 1_500;
const KEY = 'operator-key-of-the-suites-0123456789';

let gateway: TestGateway;
let port: number;

beforeAll(async () => {
  gateway = await TestGateway.start({
    HEADERS_TIMEOUT_MS: String(HEADERS_MS),
    REQUEST_TIMEOUT_MS: String(REQUEST_MS),
    STALLED_CLIENT_MS: String(STALLED_MS),
    BODY_LIMIT_BYTES: '65536',
  });
  port = Number(new URL(gateway.running.url).port);
});
afterAll(() => gateway?.stop());

/** Polls: nothing announces what comes on a raw connection. */
async function until(check: () => void, timeoutMs = 10_000): Promise<void> {
  await eventually(
    () => {
      check();
      return true;
    },
    { timeoutMs },
  );
}

/** A connection, what came on it, and when it ended. */
class RawClient {
  received = '';
  closed = false;
  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
    });
    socket.on('close', () => {
      this.closed = true;
    });
    // A reset is one of the ways to be broken off.
    socket.on('error', () => {});
  }

  static async open(options: { allowHalfOpen?: boolean } = {}): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', ...options });
    const client = new RawClient(socket);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return client;
  }

  send(text: string): void {
    if (!this.socket.destroyed) this.socket.write(text);
  }

  untilClosed(timeoutMs = 10_000): Promise<void> {
    return until(() => expect(this.closed).toBe(true), timeoutMs);
  }
}

const head = (first: string, more = ''): string =>
  `${first} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer ${KEY}\r\n${more}`;
/** What everybody else sees meanwhile. */
const othersAreServed = async () => expect((await gateway.call('GET', '/v1/session')).status).toBe(200);

describe('a client that is slow or gone ties up nothing', () => {
  test('says nothing at all', async () => {
    const client = await RawClient.open();
    await othersAreServed();
    await client.untilClosed();
    expect(client.received === '' || client.received.startsWith('HTTP/1.1 408')).toBe(true);
  });

  test('dribbles its headers, a byte now and then', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.open()));
    for (const client of clients) client.send('GET /v1/session HTTP/1.1\r\nHost: gateway\r\n');
    const dribble = setInterval(() => {
      for (const client of clients) client.send('X-A: b\r\n');
    }, 50);
    try {
      await othersAreServed();
      await Promise.all(clients.map((client) => client.untilClosed()));
    } finally {
      clearInterval(dribble);
    }
    for (const { received } of clients) expect(received).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  test('dribbles its body', async () => {
    const client = await RawClient.open();
    client.send(
      head('POST /v1/main-accounts', 'Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{'),
    );
    const dribble = setInterval(() => client.send(' '), 50);
    try {
      await othersAreServed();
      await client.untilClosed();
    } finally {
      clearInterval(dribble);
    }
    expect(client.received).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  test('announces a body that never comes, without a key: it is answered before', async () => {
    const client = await RawClient.open();
    client.send(
      'POST /v1/main-accounts HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n',
    );
    await until(() => expect(client.received).toMatch(/^HTTP\/1\.1 401 /));
    await client.untilClosed();
  });

  test('never reads its answers', async () => {
    const client = await RawClient.open();
    client.socket.pause();
    // More answers than the buffers of both ends hold.
    client.send(head('GET /openapi.json', '\r\n').repeat(200));
    await othersAreServed();
    // Whoever does not read sees no end; writing into a connection that the server has left is an error.
    await until(() => {
      client.send('\r\n');
      expect(client.closed).toBe(true);
    }, 15_000);
  });

  test('closes its half and waits: the connection ends', async () => {
    const client = await RawClient.open({ allowHalfOpen: true });
    client.socket.end(head('GET /v1/session', '\r\n'));
    await client.untilClosed();
    expect(client.received).toMatch(/^(HTTP\/1\.1 200 |$)/);
  });

  test('goes away in the middle of its body', async () => {
    const client = await RawClient.open();
    client.send(
      head('POST /v1/main-accounts', 'Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{'),
    );
    client.socket.resetAndDestroy();
    await othersAreServed();
  });

  test('pipelines: every request is answered, in its order', async () => {
    const client = await RawClient.open();
    const paths = ['/healthz', '/v1/session', '/nothing', '/healthz', '/v1/nothing', '/v1/session'];
    client.send(paths.map((path) => head(`GET ${path}`, '\r\n')).join(''));
    await until(() =>
      expect([...client.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)).toEqual([
        '200',
        '200',
        '404',
        '200',
        '404',
        '200',
      ]),
    );
    client.socket.destroy();
  });
});

describe('what is too large is refused', () => {
  test.each([
    ['headers', () => head('GET /v1/session', `X-Large: ${'a'.repeat(20_000)}\r\n\r\n`), 431],
    ['the address', () => head(`GET /v1/main-accounts?q=${'a'.repeat(5_000)}`, '\r\n'), 400],
    ['the number of parameters', () => head(`GET /v1/main-accounts?${'a=1&'.repeat(60)}`, '\r\n'), 400],
    ['an id in the path', () => head(`GET /v1/main-accounts/${'a'.repeat(600)}`, '\r\n'), 400],
    [
      'the body, by its length',
      () => head('POST /v1/main-accounts', 'Content-Type: application/json\r\nContent-Length: 70000\r\n\r\n'),
      413,
    ],
    [
      'the body, as it comes',
      () =>
        head(
          'POST /v1/main-accounts',
          `Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n11170\r\n${' '.repeat(70_000)}\r\n0\r\n\r\n`,
        ),
      413,
    ],
    ['a page', () => head('GET /v1/main-accounts?limit=201', '\r\n'), 422],
  ])('%s', async (_name, request, status) => {
    const client = await RawClient.open();
    client.send(request());
    await until(() => expect(client.received).toContain('\r\n\r\n{'));
    expect(client.received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(client.received.toLowerCase()).toContain('content-type: application/problem+json');
    client.socket.destroy();
    await othersAreServed();
  });

  test('what is just small enough is not', async () => {
    expect((await gateway.call('GET', `/v1/main-accounts?limit=200&q=${'a'.repeat(64)}`)).status).toBe(200);
  });
});

test('a connection without a request does not hold up the end', async () => {
  // With the time-outs of production, which are longer than a process may take to stop.
  const another = await gateway.another({
    HEADERS_TIMEOUT_MS: '60000',
    REQUEST_TIMEOUT_MS: '60000',
    STALLED_CLIENT_MS: '60000',
  });
  const socket = connect(another.ports.gateway, '127.0.0.1');
  await once(socket, 'connect');
  // One that has a request, so that the first one was accepted before the end begins.
  expect((await gateway.call('GET', '/healthz', { url: another.url })).status).toBe(200);
  const closed = once(socket, 'close');
  await another.stop();
  await closed;
});
