import { describe } from '@jest/globals';
import { later, opened, run, sent, table } from './testing/table.js';

const POSTPAY = { plan: 'postpay', creditLimit: '100' } as const;
/** A message of nobody's limit takes main to −30. */
const IN_DEBT = [opened('0'), sent('30')];

describe('points.purchase and points.adjust', () => {
  table([
    {
      name: 'a purchase goes to main',
      main: {},
      when: run('points.purchase', { points: '12.345', reference: 'invoice 7' }),
      outcome: 'points.purchased',
      moves: ['purchased → main 12.345'],
      books: { balance: '12.345', purchased: '12.345' },
      detail: ['points.purchased', { points: '12.345', reference: 'invoice 7' }],
    },
    ...['0', '-1', '-0.001'].map((points) => ({
      name: `a purchase of ${points} is refused`,
      when: run('points.purchase', { points }),
      outcome: 'invalid-amount',
      books: { balance: '1000' },
    })),
    ...[
      ['a purchase', 'points.purchase', 'points.purchased'] as const,
      ['a correction', 'points.adjust', 'points.adjusted'] as const,
    ].flatMap(([what, command, event]) => [
      {
        name: `${what} up to what the books can hold`,
        when: run(command, { points: '999999999999000' }),
        outcome: event,
        books: { purchased: '1000000000000000' },
      },
      {
        name: `${what} a millipoint above it`,
        when: run(command, { points: '999999999999000.001' }),
        outcome: 'invalid-amount',
        books: { purchased: '1000' },
      },
    ]),
    {
      name: 'a correction of nothing is refused',
      when: run('points.adjust', { points: '0' }),
      outcome: 'invalid-amount',
      events: ['command.rejected'],
    },
    ...['12.5', '-12.5'].map((points) => ({
      name: `a correction of ${points} says why`,
      when: run('points.adjust', { points, reason: 'double booking' }),
      outcome: 'points.adjusted',
      detail: ['points.adjusted', { points, reason: 'double booking' }] as const,
    })),
    {
      name: 'a correction up is a rise of available too: it funds',
      main: { balance: '100' },
      given: [opened('100'), sent('100'), later('2026-12-05T00:00:00Z')],
      when: run('points.adjust', { points: '150' }),
      outcome: 'points.adjusted',
      moves: ['purchased → main 150', 'main → sub:sa_1 100'],
      books: { balance: '50', purchased: '250' },
    },
    {
      name: 'a correction down goes back where it came from',
      when: run('points.adjust', { points: '-1000' }),
      outcome: 'points.adjusted',
      moves: ['main → purchased 1000'],
      books: { balance: '0', purchased: '0' },
    },
    {
      name: 'a correction down below what is available is refused',
      when: run('points.adjust', { points: '-1000.001' }),
      outcome: 'insufficient-main-balance',
      refusal: { needed: '1000.001', available: '1000' },
      books: { balance: '1000' },
    },
    {
      name: 'a correction down may use the credit',
      main: { ...POSTPAY },
      when: run('points.adjust', { points: '-100' }),
      outcome: 'points.adjusted',
      books: { balance: '-100', available: '0', purchased: '-100' },
    },
    {
      name: 'but not more',
      main: { ...POSTPAY },
      when: run('points.adjust', { points: '-100.001' }),
      outcome: 'insufficient-main-balance',
    },
    {
      name: 'no correction down in debt',
      main: {},
      given: IN_DEBT,
      when: run('points.adjust', { points: '-0.001' }),
      outcome: 'insufficient-main-balance',
    },
    {
      name: 'a correction up in debt',
      main: {},
      given: IN_DEBT,
      when: run('points.adjust', { points: '10' }),
      outcome: 'points.adjusted',
      books: { balance: '-20' },
    },
  ]);
});
