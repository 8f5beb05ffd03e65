import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { nextPeriod, periodAt, periodStart, previousPeriod } from '@subledger/core';
import { DeadLetterSeal, parseDeadLetter, RecordProducer } from '@subledger/kafka';
import { DEVELOPMENT_DEAD_LETTER_KEY } from '@subledger/service-kit';
import { eventually, newMainAccountId, TopicReader } from '@subledger/testing';
import { sampleEvent } from './testing/sample-events.js';
import { SchedulerBench } from './testing/scheduler-bench.js';

let bench: SchedulerBench;
const schedulers: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  bench = await SchedulerBench.open();
});
afterEach(async () => {
  await Promise.all(schedulers.splice(0).map((scheduler) => scheduler.stop()));
  bench.ledger.silent = false;
});
afterAll(async () => {
  await bench?.close();
});

async function start(env: Record<string, string> = {}) {
  const scheduler = await bench.startScheduler(env);
  schedulers.push(scheduler);
  return scheduler;
}

/** The period that now is in Tokyo, and those before it. */
const thisMonth = periodAt(Date.now(), 'Asia/Tokyo');
const monthsAgo = (months: number): string =>
  Array.from({ length: months }).reduce<string>((period) => previousPeriod(period), thisMonth);

const itemsOf = (id: string) =>
  bench.rows<{ period: string; state: string; attempts: number; unfunded: number }>(
    'SELECT period, state, attempts, unfunded FROM scheduler.run_items WHERE main_account_id = $1 ORDER BY period',
    [id],
  );
const allRolled = (id: string, count: number) =>
  eventually(
    async () => {
      const items = await itemsOf(id);
      return items.length === count && items.every((item) => item.state === 'rolled') ? items : undefined;
    },
    { timeoutMs: 30_000, what: `${count} rolled month(s) of ${id}` },
  );
const registered = (id: string) =>
  eventually(
    async () =>
      (await bench.rows('SELECT 1 FROM scheduler.main_accounts WHERE main_account_id = $1', [id])).length > 0,
    { timeoutMs: 30_000, what: `${id} in the registry` },
  );

describe('the scheduler service', () => {
  it('learns of main accounts before and after its start, and is ready', async () => {
    const [early, late] = [newMainAccountId(), newMainAccountId()];
    await bench.openAccount(early, thisMonth);
    const { health } = await start();
    await registered(early);
    await bench.openAccount(late, thisMonth);
    await registered(late);
    await eventually(() => health.readiness.ready);
    expect(bench.ledger.seen).toEqual([]);
  });

  it('makes up for three months that were missed while it slept, in order', async () => {
    const id = newMainAccountId();
    await bench.openAccount(id, monthsAgo(3), { unfunded: 2 });
    const first = await start();
    await registered(id);
    // The job of the start may have come before the event; a restart looks again, at once.
    await first.stop();
    schedulers.splice(0);
    const { metrics } = await start();
    const items = await allRolled(id, 3);
    expect(items.map((item) => item.period)).toEqual([monthsAgo(2), monthsAgo(1), thisMonth]);
    expect(items.map((item) => item.unfunded)).toEqual([2, 2, 2]);
    const asked = bench.periodsOf(id);
    expect([...asked]).toEqual([...asked].sort());
    expect(new Set(asked)).toEqual(new Set([monthsAgo(2), monthsAgo(1), thisMonth]));
    expect(await metrics.metrics()).toContain('subledger_scheduler_rolls_answered_total{outcome="rolled"}');
    const [run] = await bench.rows<{ due: number; rolled: number; unfunded: number }>(
      'SELECT due, rolled, unfunded FROM scheduler.runs WHERE period = $1',
      [monthsAgo(2)],
    );
    expect(run).toEqual({ due: 1, rolled: 1, unfunded: 1 });
  });

  it('restarts between command and answer: sends once, and stores the answer', async () => {
    const id = newMainAccountId();
    bench.ledger.silent = true;
    await bench.openAccount(id, monthsAgo(1));
    const before = await start();
    await registered(id);
    await before.stop();
    schedulers.splice(0);
    const asking = await start();
    await eventually(() => bench.periodsOf(id).length === 1, { timeoutMs: 30_000 });
    await eventually(async () => (await itemsOf(id))[0]?.state === 'emitted');
    await asking.stop();
    schedulers.splice(0);
    bench.ledger.silent = false;
    await bench.ledger.decide({ kind: 'clock', mainAccountId: id, at: Date.now() });
    await start();
    await allRolled(id, 1);
    expect(bench.periodsOf(id)).toEqual([thisMonth]);
  });

  it('two replicas ask once, at the very instant of a month start', async () => {
    const id = newMainAccountId();
    const [one, two] = [await start(), await start()];
    await eventually(() => one.health.readiness.ready && two.health.readiness.ready, { timeoutMs: 30_000 });
    // A month start a moment from now, as the database's clock has it: between two minutes of the alarm, mostly.
    const dueAt = Date.now() + 3_000;
    const nextMonthStart = new Date(dueAt).toISOString();
    const opened = { mainAccountId: id, period: monthsAgo(1), sequence: 2, nextMonthStart };
    await bench.openAccount(id, monthsAgo(1), { publish: false });
    await bench.ledger.publish(id, JSON.stringify(sampleEvent('main-account.opened', opened)));
    await registered(id);
    // A replica looks ahead after each execution; this one's start stands for the minute that passes.
    await start();
    await allRolled(id, 1);
    expect(Date.now()).toBeGreaterThanOrEqual(dueAt);
    expect(bench.periodsOf(id)).toEqual([thisMonth]);
    const [{ lag } = { lag: 0 }] = await bench.rows<{ lag: number }>(
      `SELECT extract(epoch FROM answered_at - due_at)::float8 AS lag FROM scheduler.run_items WHERE main_account_id = $1`,
      [id],
    );
    expect(lag).toBeLessThan(5);
  });

  it('reads again from its own position, not the group’s, when its database is restored', async () => {
    const id = newMainAccountId();
    await start();
    await bench.openAccount(id, thisMonth);
    await registered(id);
    await Promise.all(schedulers.splice(0).map((scheduler) => scheduler.stop()));
    await bench.rows('TRUNCATE scheduler.main_accounts, scheduler.event_positions');
    await start();
    await registered(id);
  });

  it('dead-letters a record that it cannot read, and continues', async () => {
    const id = newMainAccountId();
    const dead = await TopicReader.open(bench.kafka, TOPICS.deadLetters);
    const producer = new RecordProducer(bench.kafka);
    await start();
    await producer.send([
      { topic: TOPICS.events, key: id, value: '{"type":"subledger.points.purchased.v1"' },
    ]);
    await bench.openAccount(id, thisMonth);
    await registered(id);
    const letter = parseDeadLetter(
      await dead.waitFor((record) => record.key === id),
      new DeadLetterSeal(DEVELOPMENT_DEAD_LETTER_KEY),
    );
    expect(letter).toMatchObject({ reason: 'malformed-json', source: { topic: TOPICS.events } });
    await producer.close();
    await dead.close();
  });

  it('knows the calendar of this test', () => {
    expect(periodStart(nextPeriod(thisMonth), 'Asia/Tokyo')).toBeGreaterThan(Date.now());
  });
});
