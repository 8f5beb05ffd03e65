import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseBrokers, parseDatabaseUrl } from './existing-server.js';
import { holderOf, lockHome } from './home-lock.js';
import { findJava, javaMajor } from './java.js';
import { serverProperties } from './kafka-config.js';
import { kafkaJars } from './kafka-install.js';
import { passesLevel } from './output.js';
import { choosePort, portFromEnv } from './ports.js';
import { parsePasswd } from './postgres-user.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'subledger-devstack-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['openjdk version "25" 2025-09-16', 25],
  ['java version "1.8.0_402"', 8],
  ['command not understood', undefined],
])('javaMajor of %s', (output, major) => {
  expect(javaMajor(output)).toBe(major);
});

test('Java or Maven missing: the message has the remedy', async () => {
  await expect(findJava({ PATH: folder })).rejects.toThrow(
    /There is no java\. .*apt-get install.*KAFKA_BROKERS/,
  );
  await expect(kafkaJars({ cache: folder, maven: join(folder, 'no-mvn'), log: () => {} })).rejects.toThrow(
    /There is no mvn on the PATH\. .*apt-get install/,
  );
});

test('a port that is in use is named with its variable', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const asked = { what: 'Kafka', variable: 'KAFKA_PORT' };
  await expect(choosePort({ ...asked, wanted: port })).rejects.toThrow(
    new RegExp(`Port ${port} .*KAFKA_PORT`),
  );
  expect((await choosePort({ ...asked, wanted: undefined, previous: port })).port).not.toBe(port);
  await new Promise((resolve) => server.close(resolve));
  expect((await choosePort({ ...asked, wanted: undefined, previous: port })).port).toBe(port);
});

test('portFromEnv takes whole numbers only', () => {
  expect(portFromEnv('P', {})).toBeUndefined();
  expect(portFromEnv('P', { P: '' })).toBeUndefined();
  expect(portFromEnv('P', { P: '5432' })).toBe(5432);
  for (const P of ['0', '65536', '5432.5', 'abc', '-1'])
    expect(() => portFromEnv('P', { P })).toThrow(/^P must be a port/);
});

test('addresses of existing servers', () => {
  expect(parseBrokers('a:9092, SASL_SSL://b:9093')).toEqual([
    { host: 'a', port: 9092 },
    { host: 'b', port: 9093 },
  ]);
  expect(() => parseBrokers('nohost')).toThrow(/KAFKA_BROKERS/);
  expect(parseDatabaseUrl('postgresql://u:p@db/x')).toEqual({ host: 'db', port: 5432 });
  expect(parseDatabaseUrl('postgres://u:p@[::1]:6000/x')).toEqual({ host: '::1', port: 6000 });
  expect(() => parseDatabaseUrl('mysql://x')).toThrow(/DATABASE_URL/);
});

test('as root, PostgreSQL runs as postgres or otherwise nobody, never as root', () => {
  const nobody = 'nobody:x:65534:65534:nobody:/:/bin/false';
  expect(parsePasswd(`root:x:0:0::/:/bin/sh\n${nobody}\npostgres:x:101:104::/:/bin/sh`)?.uid).toBe(101);
  expect(parsePasswd(`root:x:0:0::/:/bin/sh\n${nobody}`)?.name).toBe('nobody');
  expect(parsePasswd('postgres:x:0:0::/:/bin/sh')).toBeUndefined();
});

test('Kafka listens on the loopback address alone and makes no topics by itself', () => {
  const text = serverProperties({ broker: 1, controller: 2 }, '/a\\b');
  expect(text).toContain('listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2\n');
  expect(text).toContain('auto.create.topics.enable=false\n');
  expect(text).toContain('log.dirs=/a\\\\b\n');
});

test.each([
  ['{"level":30,"msg":"x"}', true],
  ['{"level":20,"msg":"x"}', false],
  ['Error: boom', true],
  ['{ not json', true],
  ['{"msg":"no level"}', true],
])('passesLevel(%s, info)', (line, passes) => {
  expect(passesLevel(line, 'info')).toBe(passes);
});

describe('lockHome', () => {
  test('a second one learns which process has it; after the release it is free', async () => {
    const home = join(folder, 'a');
    const lock = await lockHome(home);
    expect(await holderOf(home)).toBe(process.pid);
    await expect(lockHome(home)).rejects.toThrow(`pid ${process.pid}`);
    await lock.release();
    expect(await holderOf(home)).toBeUndefined();
    await (await lockHome(home)).release();
  });

  test.each([
    ['whose process is gone', JSON.stringify({ pid: 2 ** 22 + 1, started: 'x' })],
    ['whose pid is now another process', JSON.stringify({ pid: process.pid, started: 'another boot' })],
    ['that is garbage', 'garbage'],
  ])('a lock %s is taken over, by one of many', async (_name, content) => {
    const home = join(folder, 'b');
    await (await lockHome(home)).release();
    await writeFile(join(home, 'lock'), content);
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockHome(home)));
    const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(winners).toHaveLength(1);
    await winners[0]?.release();
  });
});
