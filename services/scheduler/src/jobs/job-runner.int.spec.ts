import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createPool, prismaAdapter } from '@subledger/database';
import { createLogger, Registry } from '@subledger/service-kit';
import { createTestDatabase, eventually, type TestDatabase } from '@subledger/testing';
import type pg from 'pg';
import { PrismaClient } from '../generated/prisma/client.js';
import { JobRunStore } from './job-run-store.js';
import { JobRunner, type ScheduledJob } from './job-runner.js';
import { withLeaderLock } from './leader-lock.js';
import { SchedulerMetrics } from './scheduler-metrics.js';

let database: TestDatabase;
let pool: pg.Pool;
let prisma: PrismaClient;
const log = createLogger({ service: 'test', level: 'silent' });

beforeAll(async () => {
  database = await createTestDatabase({ services: ['scheduler'] });
  pool = createPool({ url: database.url, schema: 'scheduler', applicationName: 'test', max: 10 });
  prisma = new PrismaClient({ adapter: prismaAdapter(pool, { schema: 'scheduler' }) });
});
afterAll(async () => {
  await prisma.$disconnect();
  await pool.end();
  await database.drop();
});
beforeEach(async () => {
  await pool.query('TRUNCATE job_runs');
});

const NOW = Date.parse('2026-12-01T00:00:00Z');
const replica = (name: string) =>
  new JobRunner(
    pool,
    new JobRunStore(prisma, name),
    new SchedulerMetrics(new Registry()),
    async () => NOW,
    log,
  );
const job = (run: ScheduledJob['run']): ScheduledJob => ({ name: 'month-start', run });
const rows = async () =>
  (
    await pool.query(
      'SELECT trigger, state, instance, detail, finished_at IS NOT NULL AS finished FROM job_runs ORDER BY id',
    )
  ).rows;

describe('withLeaderLock', () => {
  it('lets one in, and the next when it is out, also after a failure', async () => {
    const release = Promise.withResolvers<string>();
    const entered = Promise.withResolvers<void>();
    const first = withLeaderLock(pool, 'month-start', () => {
      entered.resolve();
      return release.promise;
    });
    await entered.promise;
    expect(await withLeaderLock(pool, 'month-start', async () => 'second')).toBeUndefined();
    expect(await withLeaderLock(pool, 'another', async () => 'other job')).toEqual({ result: 'other job' });
    release.resolve('first');
    expect(await first).toEqual({ result: 'first' });
    await expect(withLeaderLock(pool, 'month-start', () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    expect(await withLeaderLock(pool, 'month-start', async () => 'third')).toEqual({ result: 'third' });
  });

  it('is free again when the connection of its holder is cut', async () => {
    const cut = withLeaderLock(pool, 'month-start', async () => {
      await pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks
          WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return 'went on';
    });
    expect(await cut).toEqual({ result: 'went on' });
    // The server ends the session, and with it the lock, in its own time.
    const next = await eventually(() => withLeaderLock(pool, 'month-start', async () => 'next'));
    expect(next).toEqual({ result: 'next' });
  });
});

describe('JobRunner', () => {
  it('runs on one replica at a time and writes a row', async () => {
    const release = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const seen: number[] = [];
    const slow = job(async (asOfMs) => {
      seen.push(asOfMs);
      entered.resolve();
      await release.promise;
      return { emitted: 3 };
    });
    const [one, two] = [replica('one'), replica('two')];
    const first = one.execute(slow);
    await entered.promise;
    expect(await two.execute(slow)).toBe('not-leader');
    expect(await one.execute(slow)).toBe('already-running');
    release.resolve();
    expect(await first).toBe('done');
    expect(seen).toEqual([NOW]);
    const row = {
      trigger: 'schedule',
      state: 'done',
      instance: 'one',
      detail: { emitted: 3 },
      finished: true,
    };
    expect(await rows()).toEqual([row]);
  });

  it('survives a failing job, and logs it', async () => {
    const runner = replica('one');
    const outcome = await runner.execute(job(() => Promise.reject(new Error('Kafka is away'))));
    expect(outcome).toBe('failed');
    expect(await rows()).toMatchObject([
      { state: 'failed', detail: { error: 'Kafka is away' }, finished: true },
    ]);
    expect(await runner.execute(job(async () => ({})))).toBe('done');
  });

  it('marks what a dead replica left running, and lets old rows go', async () => {
    await pool.query(
      `INSERT INTO job_runs (job, trigger, state, instance, as_of, started_at) VALUES
         ('month-start', 'schedule', 'running', 'dead', now(), now()),
         ('month-start', 'manual', 'running', 'by hand', now(), now()),
         ('month-start', 'schedule', 'done', 'old', now(), now() - interval '31 days')`,
    );
    await replica('one').execute(job(async () => ({})));
    expect((await rows()).map((row) => [row.instance, row.state])).toEqual([
      ['dead', 'lost'],
      ['by hand', 'running'],
      ['one', 'done'],
    ]);
  });

  it('ends what runs when it stops, and begins nothing more', async () => {
    const runner = replica('one');
    const entered = Promise.withResolvers<void>();
    const waiting = runner.execute(
      job(async (_asOf, signal) => {
        entered.resolve();
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        return {};
      }),
    );
    await entered.promise;
    await runner.stop();
    expect(await waiting).toBe('failed');
    expect(await runner.execute(job(async () => ({})))).toBe('already-running');
  });
});
