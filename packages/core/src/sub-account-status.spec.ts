import { describe } from '@jest/globals';
import { later, opened, run, sent, table } from './testing/table.js';

const NEXT_MONTH = later('2026-12-05T00:00:00Z');
const off = run('sub-account.deactivate');
const remove = run('sub-account.delete');

describe('status: the first that applies', () => {
  const suspend = run('main-account.suspend');
  const pause = run('sub-account.pause');
  const short = [opened('100'), sent('100'), NEXT_MONTH];
  const main = { balance: '100' };
  const look = run('main-account.configure', { creditLimit: '0' });
  const status = (name: string, given: NonNullable<Parameters<typeof table>[0][number]['given']>) => ({
    name,
    main,
    given,
    when: look,
    outcome: 'main-account.configured',
    sub: { status: name.split(':')[0] },
  });
  table([
    status('active', [opened('100')]),
    status('active: all used', [opened('100'), sent('100')]),
    status('unfunded', short),
    {
      ...status('active: something left of a shortfall', [...short, run('points.purchase', { points: '5' })]),
      main: { ...main, fundingPolicy: 'partial' as const },
    },
    status('paused: and unfunded', [...short, pause]),
    status('suspended: and paused, and unfunded', [...short, pause, suspend]),
    status('suspended', [opened('100'), suspend]),
    status('active: resumed', [opened('100'), suspend, run('main-account.resume')]),
    status('inactive: and suspended, and paused', [...short, pause, suspend, off]),
    status('deleted: and suspended, and paused', [...short, pause, suspend, remove]),
  ]);
});

describe('main-account.suspend and .resume: points stay', () => {
  table([
    {
      name: 'suspend',
      given: [opened('100')],
      when: run('main-account.suspend'),
      outcome: 'main-account.suspended',
      moves: [],
      books: { suspended: true, balance: '900' },
      sub: { remaining: '100' },
    },
    {
      name: 'resume',
      given: [opened('100'), run('main-account.suspend')],
      when: run('main-account.resume'),
      outcome: 'main-account.resumed',
      moves: [],
      books: { suspended: false },
    },
    {
      name: 'a suspended account is funded all the same',
      main: {},
      given: [opened('0'), sent('30'), run('main-account.suspend')],
      when: run('points.purchase', { points: '40' }),
      outcome: 'points.purchased',
      books: { balance: '10' },
    },
  ]);
});
