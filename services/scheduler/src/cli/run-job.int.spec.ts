import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nextPeriod, periodAt, periodStart } from '@subledger/core';
import { createTestDatabase, eventually, newMainAccountId } from '@subledger/testing';
import type { Job } from '../jobs/registry.js';
import { SchedulerBench } from '../testing/scheduler-bench.js';
import { runJob } from './run-job.js';

let bench: SchedulerBench;
const thisMonth = periodAt(Date.now(), 'Asia/Tokyo');
const next = nextPeriod(thisMonth);
const inThree = nextPeriod(nextPeriod(next));
/** The first instant of a period in Tokyo, as an option. */
const begin = (period: string) => new Date(periodStart(period, 'Asia/Tokyo')).toISOString();

beforeAll(async () => {
  bench = await SchedulerBench.open();
});
afterAll(async () => {
  await bench?.close();
});
beforeEach(async () => {
  bench.ledger.silent = false;
  bench.ledger.seen.length = 0;
  bench.ledger.refusals.clear();
  bench.ledger.at = Date.now();
  await bench.rows(
    'TRUNCATE scheduler.main_accounts, scheduler.run_items, scheduler.runs, scheduler.job_runs',
  );
});

async function job(argv: string[], env: Record<string, string> = {}, signal = new AbortController().signal) {
  const out: string[] = [];
  const errors: string[] = [];
  const code = await runJob({
    argv: ['month-start', ...argv],
    env: { ...bench.env, ...env },
    cwd: '/nowhere',
    signal,
    print: (line) => out.push(line),
    printError: (line) => errors.push(line),
  });
  return { code, out: out.join('\n'), errors: errors.join('\n') };
}

async function open(unfunded = 0): Promise<string> {
  const id = newMainAccountId();
  await bench.openAccount(id, thisMonth, { unfunded });
  await eventually(
    async () =>
      (await bench.rows('SELECT 1 FROM scheduler.main_accounts WHERE main_account_id = $1', [id])).length > 0,
    { timeoutMs: 30_000 },
  );
  return id;
}

describe('npm run job -- <name>', () => {
  const named = (name: string, exitCode: number): Job => ({
    name,
    cron: '0 4 * * *',
    help: [`does ${name}`],
    run: async () => ({}),
    runByHand: async (_resources, { atMs }) => ({ lines: [`${name} as of ${atMs}`], exitCode }),
  });
  const run = async (...argv: string[]) => {
    const lines: string[] = [];
    const print = (line: string) => lines.push(line);
    const signal = new AbortController().signal;
    const given = { argv, env: bench.env, cwd: '/nowhere', signal, print, printError: print };
    return { code: await runJob(given, [named('first', 0), named('second', 1)]), lines };
  };

  it('runs the job that is named, and no other', async () => {
    const at = '1970-01-01T00:00:05Z';
    expect(await run('second', '--at', at)).toEqual({ code: 1, lines: ['second as of 5000'] });
    expect(await run('first', '--at', at)).toEqual({ code: 0, lines: ['first as of 5000'] });
  });

  it('names all jobs in its help, and where the name is none of them', async () => {
    const help = await run('--help');
    expect([help.code, help.lines.join('\n')]).toEqual([
      0,
      expect.stringMatching(/first +does first\n +second +does/),
    ]);
    expect(await run('third')).toEqual({ code: 2, lines: ['There is no job "third". Jobs: first, second.'] });
  });
});

describe('npm run job -- month-start', () => {
  it('says so where the scheduler never ran', async () => {
    const fresh = await createTestDatabase({ services: ['scheduler'] });
    try {
      const { code, errors } = await job([], { DATABASE_URL: fresh.url });
      expect([code, errors]).toEqual([2, expect.stringContaining('has never run with this database')]);
    } finally {
      await fresh.drop();
    }
  });

  it('says so where the tables or the servers are missing', async () => {
    const empty = await createTestDatabase({ services: [] });
    try {
      const { code, errors } = await job([], { DATABASE_URL: empty.url });
      expect([code, errors]).toEqual([1, expect.stringContaining('npm run migrate')]);
    } finally {
      await empty.drop();
    }
    const away = await job([], { DATABASE_URL: 'postgresql://a:b@127.0.0.1:1/x' });
    expect([away.code, away.errors]).toEqual([1, expect.stringContaining('PostgreSQL cannot be reached')]);
    const lost = await job([], { DATABASE_URL: '', KAFKA_BROKERS: '' });
    expect([lost.code, lost.errors]).toEqual([2, expect.stringContaining('npm start')]);
  });

  describe('beside a running scheduler', () => {
    beforeAll(async () => {
      const { health } = await bench.startScheduler();
      await eventually(() => health.readiness.ready, { timeoutMs: 30_000 });
    });

    it('has nothing to do before the month ends', async () => {
      await open();
      const { code, out } = await job([]);
      expect([code, out]).toEqual([0, expect.stringContaining('Nothing is due: none of 1 main account')]);
      expect(bench.ledger.seen).toEqual([]);
    });

    it('rolls a month that has not begun, as of its first instant, and a second time has nothing to do', async () => {
      const ids = [await open(2), await open()];
      const first = await job(['--at', begin(next)]);
      expect([first.code, first.errors]).toEqual([0, '']);
      expect(first.out).toContain(
        '2 month starts due: 2 rolled, 1 unfunded (2 sub-accounts without points), 0 failed.',
      );
      const second = await job(['--at', begin(next)]);
      expect([second.code, second.out]).toEqual([0, expect.stringContaining('Nothing is due')]);
      expect(bench.ledger.seen.map((roll) => roll.mainAccountId).sort()).toEqual([...ids].sort());
      const runs = await bench.rows('SELECT trigger, state FROM scheduler.job_runs WHERE trigger = $1', [
        'manual',
      ]);
      expect(runs).toEqual(Array(2).fill({ trigger: 'manual', state: 'done' }));
    });

    it('rolls three months ahead, in order', async () => {
      const id = await open();
      const { code, out } = await job(['--at', begin(inThree)]);
      expect([code, out]).toEqual([0, expect.stringContaining('3 month starts due: 3 rolled')]);
      expect(bench.periodsOf(id)).toEqual([next, nextPeriod(next), inThree]);
    });

    it('exits 1 and says why where the ledger refuses', async () => {
      const id = await open();
      bench.ledger.refusals.set('period.roll', { code: 'period-not-due' });
      const { code, out } = await job(['--at', begin(next)]);
      expect(code).toBe(1);
      expect(out).toContain(`${id} ${next}: period-not-due: the ledger says that this month has not begun`);
      // Repaired by hand, once the reason is gone.
      bench.ledger.at = Date.parse(begin(next)) + 1;
      expect(await job(['--at', begin(next)])).toMatchObject({ code: 0 });
    });

    it('exits 1 when there is no answer in time, and loses nothing', async () => {
      const id = await open();
      bench.ledger.silent = true;
      const { code, out } = await job(['--at', begin(next), '--timeout', '0.5']);
      expect([code, out]).toEqual([1, expect.stringContaining(`${id} ${next}: no answer yet`)]);
      expect(out).toContain('No answer in time');
      bench.ledger.silent = false;
      expect(await job(['--at', begin(next)])).toMatchObject({ code: 0 });
      expect(new Set(bench.ledger.seen.map((roll) => roll.id)).size).toBe(1);
    });

    it('sends again during the wait', async () => {
      const id = await open();
      bench.ledger.silent = true;
      const waiting = job(['--at', begin(next), '--timeout', '30'], { MONTH_START_ANSWER_MS: '300' });
      await eventually(() => bench.periodsOf(id).length >= 2, { timeoutMs: 20_000 });
      bench.ledger.silent = false;
      await bench.ledger.answerTogether(bench.ledger.seen.map((roll) => roll.id));
      expect(await waiting).toMatchObject({ code: 0 });
    });

    it('is refused in production for a month that has not begun', async () => {
      await open();
      const url = new URL(bench.database.url);
      const production = {
        NODE_ENV: 'production',
        ALLOW_INSECURE_KAFKA: 'true',
        ALLOW_INSECURE_DATABASE: 'true',
        DEAD_LETTER_KEY: 'w5Nc8-Tf2Hy6Jd0Kp4Rs9Vb3Xg7Zm1Lq',
      };
      const { code, errors } = await job(['--at', begin(next)], production);
      // The test server's own password may be one that production refuses first.
      const reason = /password/.test(errors) ? 'DATABASE_URL' : 'in production a month starts when it starts';
      expect([code, errors]).toEqual([2, expect.stringContaining(reason)]);
      if (url.password) expect(errors).not.toContain(`:${url.password}@`);
      expect(bench.ledger.seen).toEqual([]);
    });

    it('can be interrupted', async () => {
      await open();
      bench.ledger.silent = true;
      const abort = new AbortController();
      const waiting = job(['--at', begin(next)], {}, abort.signal);
      await eventually(() => bench.ledger.seen.length > 0, { timeoutMs: 20_000 });
      abort.abort(new Error('SIGINT'));
      const { code, errors } = await waiting;
      expect([code, errors]).toEqual([1, expect.stringContaining('Interrupted')]);
    });
  });
});
