import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ROOT } from '@subledger/service-kit/installed-services';
import { EmptySystem, START_TIMEOUT_MS } from './empty-system.js';
import { outputsOf, readTour, runScript, scriptOf } from './readme-tour.js';

const TOUR_TIMEOUT_MS = 120_000;

let system: EmptySystem;
beforeAll(async () => {
  system = await EmptySystem.start();
}, START_TIMEOUT_MS + 10_000);
afterAll(() => system?.stop(), 60_000);

it(
  'prints what the README says',
  async () => {
    const steps = await readTour(join(ROOT, 'README.md'));
    expect(steps.length).toBeGreaterThan(5);
    const shell = await runScript(scriptOf(steps), {
      cwd: ROOT,
      env: system.environment,
      timeout: TOUR_TIMEOUT_MS,
    });
    expect(shell.stderr).toBe('');
    expect(outputsOf(shell.stdout)).toEqual(steps.map(({ output }) => output));
    for (const answered of system.answeredByGateway) expect(answered).toBeGreaterThan(5);
  },
  TOUR_TIMEOUT_MS + 10_000,
);
