import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { deleteTopics } from '@subledger/kafka';
import { prismaFolder } from '@subledger/service-kit/installed-services';
import { createTestDatabase, type TestDatabase } from '@subledger/testing';
import { runSetup } from './run-setup.js';

const prefix = `t${randomBytes(4).toString('hex')}.`;
const brokers = process.env.TEST_KAFKA_BROKERS ?? '';
const SERVICES = ['gateway', 'ledger', 'scheduler'] as const;
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ services: [] });
});
afterAll(async () => {
  await deleteTopics(
    { brokers: brokers.split(','), clientId: 'setup-test', topicPrefix: prefix },
    Object.values(TOPICS),
  );
  await database?.drop();
});

async function setup(argv: string[], env: Record<string, string> = {}) {
  const out: string[] = [];
  const errors: string[] = [];
  const code = await runSetup({
    argv,
    env: { NODE_ENV: 'test', ...env },
    cwd: '/nowhere',
    print: (line) => out.push(line),
    printError: (line) => errors.push(line),
  });
  return { code, out, errors: errors.join('\n') };
}

describe('migrate', () => {
  it('gives every service its tables, and the second time says that all is up to date', async () => {
    const env = { DATABASE_URL: database.url };
    const migrations = SERVICES.map((service) => {
      const folders = readdirSync(join(prismaFolder(service), 'migrations'), { withFileTypes: true });
      return folders.filter((one) => one.isDirectory()).map(({ name }) => name);
    });
    expect(await setup(['migrate'], env)).toEqual({
      code: 0,
      out: SERVICES.map((service, i) => `${service}: applied ${migrations[i]?.sort().join(', ')}`),
      errors: '',
    });
    const { rows } = await database.client.query(
      `SELECT DISTINCT table_schema AS schema FROM information_schema.tables
        WHERE table_name = '_prisma_migrations' ORDER BY 1`,
    );
    expect(rows.map(({ schema }) => schema)).toEqual(SERVICES);
    expect(await setup(['migrate'], env)).toMatchObject({
      code: 0,
      out: SERVICES.map((service) => `${service}: up to date`),
    });
  });

  it('says which server does not answer', async () => {
    const { code, errors } = await setup(['migrate'], { DATABASE_URL: 'postgresql://x@127.0.0.1:1/x' });
    expect([code, errors]).toEqual([1, expect.stringContaining('PostgreSQL cannot be reached')]);
  });
});

describe('topics', () => {
  const env = { KAFKA_BROKERS: brokers, KAFKA_TOPIC_PREFIX: prefix };

  it('creates what is missing, once', async () => {
    const first = await setup(['topics', '--partitions', '3', '--replication-factor', '1'], env);
    expect([first.code, first.errors]).toEqual([0, '']);
    for (const topic of Object.values(TOPICS)) expect(first.out.join()).toContain(topic);
    expect(await setup(['topics', '--partitions', '3'], env)).toEqual({
      code: 0,
      out: ['topics: up to date'],
      errors: '',
    });
  });

  it('refuses a topic that has fewer partitions, and says which', async () => {
    const { code, errors } = await setup(['topics', '--partitions', '4'], env);
    expect([code, errors]).toEqual([1, expect.stringContaining(TOPICS.commands)]);
  });
});

describe('wrong usage', () => {
  it.each([
    [['migrations'], 'No such command: migrations'],
    [['topics', '--partitions', 'many'], '--partitions must be a whole number'],
    [['topics', '--partition', '3'], "Unknown option '--partition'"],
    [['migrate', 'ledger'], 'Unexpected argument'],
    [['migrate'], 'no value of DATABASE_URL'],
    [['topics'], 'no value of KAFKA_BROKERS'],
  ])('%j', async (argv, text) => {
    const { code, errors } = await setup(argv);
    expect([code, errors]).toEqual([2, expect.stringContaining(text)]);
  });

  it('shows the commands where none is named', async () => {
    const { code, out } = await setup([]);
    expect([code, out.join()]).toEqual([0, expect.stringMatching(/migrate +apply[\s\S]*topics +create/)]);
  });
});
