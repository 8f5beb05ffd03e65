import { expect, it } from '@jest/globals';
import { createLogger } from '@subledger/service-kit';
import { Alarm } from './alarm.js';

const log = createLogger({ service: 'test', level: 'silent' });

it('wakes at each tick of the clock until it is stopped', async () => {
  const ticks: number[] = [];
  const twice = Promise.withResolvers<void>();
  const alarm = new Alarm(
    [{ job: 'month-start', cron: '* * * * * *' }],
    (job) => {
      expect(job).toBe('month-start');
      ticks.push(Date.now());
      if (ticks.length === 2) twice.resolve();
    },
    log,
  );
  await alarm.start();
  await twice.promise;
  await alarm.stop();
  expect(ticks).toHaveLength(2);
});

it('stops before it has rung, and then never rings', async () => {
  const rung: string[] = [];
  const stopped = new Alarm([{ job: 'month-start', cron: '* * * * * *' }], () => rung.push('stopped'), log);
  await stopped.start();
  await stopped.stop();
  // Another one on the same clock tells that seconds have begun at which the stopped one would have rung.
  const twice = Promise.withResolvers<void>();
  const ticking = new Alarm(
    [{ job: 'month-start', cron: '* * * * * *' }],
    () => {
      rung.push('ticking');
      if (rung.length >= 2) twice.resolve();
    },
    log,
  );
  await ticking.start();
  await twice.promise;
  await ticking.stop();
  expect(rung).toEqual(['ticking', 'ticking']);
});
