import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RoundRobin } from './round-robin.js';

const portOf = (server: Server) => (server.address() as AddressInfo).port;

async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

describe('RoundRobin', () => {
  let targets: Server[];
  let proxy: RoundRobin;

  /** Says which one it is, and what it was sent. */
  const echo =
    (name: string): RequestListener =>
    async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const said = `${name} ${request.method} ${request.url} ${request.headers['x-mark'] ?? ''} ${Buffer.concat(chunks)}`;
      response.writeHead(207, { 'x-name': name }).end(said);
    };
  const ask = async (path = '/', init: RequestInit = {}) => {
    const response = await fetch(`${proxy.url}${path}`, init);
    return { status: response.status, name: response.headers.get('x-name'), text: await response.text() };
  };

  beforeEach(async () => {
    targets = [await serve(echo('a')), await serve(echo('b'))];
    proxy = await RoundRobin.start(targets.map(portOf));
  });
  afterEach(async () => {
    await proxy.close();
    await Promise.all(targets.map(close));
  });

  it('gives one request after the other to the next target, whole', async () => {
    const init = { method: 'PUT', headers: { 'x-mark': 'm' }, body: 'body' };
    const answers = [await ask('/x?y=1', init), await ask('/x?y=1', init), await ask('/x?y=1', init)];
    expect(answers.map(({ name }) => name)).toEqual(['a', 'b', 'a']);
    expect(answers[1]).toEqual({ status: 207, name: 'b', text: 'b PUT /x?y=1 m body' });
    expect(proxy.answered).toEqual([2, 1]);
  });

  it('skips an unreachable target with the whole body, and answers 502 if there is none', async () => {
    await close(targets[0] as Server);
    const answers = await Promise.all([1, 2, 3].map((n) => ask('/', { method: 'POST', body: `body ${n}` })));
    expect(answers.map(({ text }) => text)).toEqual([1, 2, 3].map((n) => `b POST /  body ${n}`));
    await close(targets[1] as Server);
    expect((await ask()).status).toBe(502);
  });

  it('breaks off what breaks off', async () => {
    const broken = await serve((_request, response) => {
      response.writeHead(200).write('half');
      setImmediate(() => response.destroy());
    });
    const other = await RoundRobin.start([portOf(broken)]);
    try {
      await expect(fetch(other.url).then((response) => response.text())).rejects.toThrow();
    } finally {
      await other.close();
      await close(broken);
    }
  });
});
