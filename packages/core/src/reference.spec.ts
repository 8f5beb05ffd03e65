import { describe, expect, it } from '@jest/globals';
import { referenceKey } from './reference.js';
import { run, table } from './testing/table.js';

const purchase = (reference: string, over: object = {}) =>
  run('points.purchase', { points: '10', reference, ...over });
const adjust = (reason: string, over: object = {}) => run('points.adjust', { points: '10', reason, ...over });

describe('a reference that was booked before', () => {
  table([
    {
      name: 'a purchase is refused, with the transfer that had it first',
      given: [purchase('INV-1')],
      when: purchase('INV-1', { points: '500' }),
      outcome: 'duplicate-reference',
      refusal: { first: { transfer: 2, points: '10' } },
      books: { balance: '1010' },
    },
    {
      name: 'however it is typed',
      given: [purchase('INV-1')],
      when: purchase('  ｉｎｖ－1 '),
      outcome: 'duplicate-reference',
    },
    {
      name: 'is booked where the command insists, and the first one stays the first',
      given: [purchase('INV-1'), purchase('INV-1', { allowDuplicateReference: true })],
      when: purchase('INV-1'),
      outcome: 'duplicate-reference',
      refusal: { first: { transfer: 2 } },
      books: { balance: '1020' },
    },
    {
      name: 'no text at all stands for nothing',
      given: [purchase('')],
      when: purchase(' '),
      outcome: 'points.purchased',
    },
    {
      name: 'an adjustment is refused by its reason',
      given: [adjust('double charge, ticket 7')],
      when: adjust('double charge, ticket 7', { points: '-3' }),
      outcome: 'duplicate-reference',
    },
    {
      name: 'purchases and adjustments have references of their own',
      given: [purchase('INV-1')],
      when: adjust('INV-1'),
      outcome: 'points.adjusted',
    },
    {
      name: 'a refused purchase leaves its reference free',
      given: [run('points.adjust', { points: '-1000', reason: 'all' })],
      when: adjust('all', { points: '-1', allowDuplicateReference: true }),
      outcome: 'insufficient-main-balance',
      refusal: { needed: '1', available: '0' },
    },
  ]);

  it('is compared by a key that fits into an index, for any normalized text', () => {
    const reference = '\uFDFA'.repeat(200);
    const data = { points: 1n, reference } as never;
    expect(referenceKey({ name: 'points.purchase', data })?.length).toBe(600);
    // The database keeps no half of a pair, and would not find what it kept instead.
    const cut = { points: 1n, reference: `${'\uFDFA'.repeat(32)}${'a'.repeat(14)}😀` } as never;
    expect(referenceKey({ name: 'points.purchase', data: cut })?.isWellFormed()).toBe(true);
  });
});
