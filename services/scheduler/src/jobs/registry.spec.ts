import { expect, test } from '@jest/globals';
import { JOBS } from './registry.js';

test('each job has a name of its own, a cron expression of five or six fields, and help', () => {
  const names = JOBS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, cron, help } of JOBS) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect([5, 6]).toContain(cron.trim().split(/\s+/).length);
    expect(help.length).toBeGreaterThan(0);
  }
});
