import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPool, isConnectionError, isTransientError, prismaAdapter } from '@subledger/database';
import { PrismaClient } from '../generated/prisma/client.js';

/** A server that says yes to a connection at most, and whatever comes then (or at once) gets this SQLSTATE. */
let refuses: { readonly state: string; readonly at: 'connection' | 'query' };
let server: Server;
const sockets = new Set<Socket>();

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const refusal = (state: string) =>
  message('E', Buffer.from(`SFATAL\0VFATAL\0C${state}\0Mrefused by the suite\0\0`));
const authenticated = message('R', Buffer.alloc(4));
const readyForQuery = message('Z', Buffer.from('I'));

beforeAll(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let isStarted = false;
    socket.on('data', () => {
      const answer = [refusal(refuses.state), readyForQuery];
      if (isStarted) socket.write(Buffer.concat(answer));
      else if (refuses.at === 'query') socket.write(Buffer.concat([authenticated, readyForQuery]));
      else socket.end(refusal(refuses.state));
      isStarted = true;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server?.close();
});

async function errorsOf(at: 'connection' | 'query', state: string): Promise<unknown[]> {
  refuses = { state, at };
  const { port } = server.address() as AddressInfo;
  const url = `postgresql://suite:suite@127.0.0.1:${port}/suite`;
  const pool = createPool({ url, schema: 'gateway', applicationName: 'suite', max: 1 });
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool, { schema: 'gateway' }) });
  const errorOf = (run: () => Promise<unknown>) =>
    run().then(
      () => 'no error at all',
      (error: unknown) => error,
    );
  try {
    return [
      await errorOf(() => pool.query('SELECT 1')),
      await errorOf(() => prisma.$queryRaw`SELECT 1`),
      await errorOf(() => prisma.operation.count()),
      await errorOf(() => prisma.$transaction((tx) => tx.operation.count())),
    ];
  } finally {
    await prisma.$disconnect();
    await pool.end();
  }
}

/** What the database says when it cannot now: the answer to the request is 503 then, whichever way it was asked. */
describe.each(['connection', 'query'] as const)('a database that refuses a %s', (at) => {
  test.each(['08001', '08004', '08006', '08P01', '53300', '57P01', '57P02', '57P03', '57P05'])(
    'with %s is away',
    async (state) => {
      const errors = await errorsOf(at, state);
      expect(errors.map(isConnectionError)).toEqual([true, true, true, true]);
    },
  );

  test.each(['53000', '53100', '53200', '53400', '57000', '57014', '40001', '40P01', '55P03', '58030'])(
    'with %s is busy',
    async (state) => {
      const errors = await errorsOf(at, state);
      expect(errors.map(isTransientError)).toEqual([true, true, true, true]);
      expect(errors.map(isConnectionError)).toEqual([false, false, false, false]);
    },
  );

  test.each(['23505', '22003', '42P01'])('with %s has rejected the request', async (state) => {
    const errors = await errorsOf(at, state);
    expect(errors.map(isTransientError)).toEqual([false, false, false, false]);
    expect(errors).not.toContain('no error at all');
  });
});
