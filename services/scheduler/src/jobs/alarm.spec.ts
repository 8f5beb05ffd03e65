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

it('stops at once where it has not rung', async () => {
  const alarm = new Alarm([{ job: 'month-start', cron: '* * * * *' }], () => {}, log);
  await alarm.start();
  await alarm.stop();
});
