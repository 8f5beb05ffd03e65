import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, TcpProxy } from '@subledger/testing';
import { TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
let database: TcpProxy;
let broker: TcpProxy;
let main: string;

const addressOf = (text: string | undefined) => {
  const [host = '127.0.0.1', port] = (text ?? '').split(':');
  return { host, port: Number(port) };
};

beforeAll(async () => {
  const url = new URL(process.env.TEST_DATABASE_URL ?? '');
  database = await TcpProxy.start({ host: url.hostname, port: Number(url.port) });
  broker = await TcpProxy.start(addressOf(process.env.TEST_KAFKA_BROKERS?.split(',')[0]));
  gateway = await TestGateway.start(
    { KAFKA_BROKERS: `127.0.0.1:${broker.port}`, WRITE_WAIT_MS: '2000' },
    database.port,
  );
  main = await gateway.mainAccount();
});
afterAll(async () => {
  database.restore();
  broker.restore();
  await gateway?.stop();
  await Promise.all([database.close(), broker.close()]);
});
afterEach(() => {
  database.restore();
  broker.restore();
});

const read = () => gateway.call('GET', `/v1/main-accounts/${main}`);
const write = () => gateway.call('POST', `/v1/main-accounts/${main}/purchases`, { body: { points: '1' } });
const ready = async () => (await gateway.call('GET', '/readyz', { key: null })).status;

async function fastly<Result>(run: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  const result = await run();
  expect(performance.now() - startedAt).toBeLessThan(300);
  return result;
}

describe.each<['cut' | 'stall']>([['cut'], ['stall']])('%s', (how) => {
  test('the broker: writes are 503 at once, reads work, and everything recovers by itself', async () => {
    broker[how]();
    await eventually(async () => (await write()).status === 503, { what: '503' });
    const refused = await fastly(write);
    expect([refused.status, refused.body.code]).toEqual([503, 'service-unavailable']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await read()).status).toBe(200);
    await eventually(async () => (await ready()) === 503, { what: 'not ready' });
    broker.restore();
    await eventually(async () => (await write()).status === 201, { what: 'a write', timeoutMs: 20_000 });
    await eventually(async () => (await ready()) === 200, { what: 'ready' });
  });

  test('the database: everything is 503 at once, and all is well again by itself', async () => {
    database[how]();
    await eventually(async () => (await read()).status === 503, { what: '503' });
    const refused = await fastly(read);
    expect([refused.status, refused.body.code]).toEqual([503, 'service-unavailable']);
    expect(JSON.stringify(refused.body)).not.toMatch(/ECONN|postgres|timeout|prisma/i);
    await eventually(async () => (await ready()) === 503, { what: 'not ready' });
    expect((await gateway.call('GET', '/healthz', { key: null })).status).toBe(200);
    database.restore();
    await eventually(async () => (await read()).status === 200, { what: 'a read', timeoutMs: 20_000 });
    await eventually(async () => (await write()).status === 201, { what: 'a write', timeoutMs: 20_000 });
    await eventually(async () => (await ready()) === 200, { what: 'ready' });
  });
});
