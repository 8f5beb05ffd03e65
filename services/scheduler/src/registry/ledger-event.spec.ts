import { describe, expect, it } from '@jest/globals';
import { EVENTS } from '@subledger/contracts';
import {
  alreadyRolledEvent,
  refusedEvent,
  rolledEvent,
  sampleEvent,
  toValue,
} from '../testing/sample-events.js';
import { readLedgerEvent } from './ledger-event.js';

const main = { mainAccountId: 'ma_1', sequence: 4, generation: 2 };
const read = (event: unknown) => readLedgerEvent({ value: toValue(event) });
const outcomeOf = (event: unknown) => {
  const result = read(event);
  return result.kind === 'valid' ? result.value.outcome : result;
};

it('the samples fit the contract', () => {
  for (const event of [
    sampleEvent('main-account.opened', main),
    rolledEvent({ ...main, period: '2026-12' }),
    alreadyRolledEvent({ ...main, period: '2026-12' }),
    refusedEvent({ ...main, rollInto: '2026-12' }, 'period-not-due'),
  ]) {
    expect(EVENTS.get(event.type)?.schema.safeParse(event).error).toBeUndefined();
  }
});

describe('readLedgerEvent', () => {
  it('takes the state that every event carries', () => {
    expect(read(sampleEvent('points.purchased', main, { points: '5', reference: '' }))).toEqual({
      kind: 'valid',
      value: {
        mainAccountId: 'ma_1',
        generation: 2,
        sequence: 4,
        at: Date.parse('2026-11-20T00:00:00Z'),
        outcome: undefined,
        state: {
          timeZone: 'Asia/Tokyo',
          period: '2026-11',
          nextMonthStart: Date.parse('2026-11-30T15:00:00Z'),
        },
      },
    });
  });

  it('takes the state that comes with books, which answers no roll', () => {
    const cause = { kind: 'command', id: 'snapshot-1', type: 'subledger.snapshot.request.v1' };
    const { type: _, ...event } = sampleEvent('points.purchased', main, { cause, part: 1, isLast: true });
    expect(read({ ...event, type: 'subledger.snapshot.published.v1' })).toMatchObject({
      kind: 'valid',
      value: { generation: 2, sequence: 4, outcome: undefined, state: { period: '2026-11' } },
    });
  });

  it('takes the answers to rolls', () => {
    expect(outcomeOf(rolledEvent({ ...main, period: '2026-12' }, { funded: 2, unfunded: 3 }))).toEqual({
      kind: 'rolled',
      period: '2026-12',
      funded: 2,
      unfunded: 3,
    });
    expect(outcomeOf(alreadyRolledEvent({ ...main, period: '2026-12' }))).toEqual({
      kind: 'already-rolled',
      period: '2026-12',
    });
    expect(outcomeOf(refusedEvent({ ...main, rollInto: '2026-12' }, 'period-not-due'))).toEqual({
      kind: 'rejected',
      period: '2026-12',
      code: 'period-not-due',
    });
  });

  it('takes a roll that the clock caused', () => {
    const event = rolledEvent({ ...main, period: '2026-12' });
    const byClock = {
      ...event,
      data: { ...(event.data as object), cause: { kind: 'clock', id: 'm-1', type: 'x' } },
    };
    expect(outcomeOf(byClock)).toMatchObject({ kind: 'rolled', period: '2026-12' });
  });

  it('leaves refusals of other commands, and of others’ rolls, alone', () => {
    const refused = refusedEvent({ ...main, rollInto: '2026-12' }, 'invalid-command');
    const data = refused.data as { cause: object };
    expect(
      outcomeOf({ ...refused, data: { ...data, cause: { ...data.cause, id: 'by-hand' } } }),
    ).toBeUndefined();
    const other = { ...data.cause, type: 'subledger.points.purchase.v1' };
    expect(outcomeOf({ ...refused, data: { ...data, cause: other } })).toBeUndefined();
  });

  it('reads a refusal without books', () => {
    const refused = refusedEvent({ ...main, sequence: 0, rollInto: '2026-12' }, 'main-account-not-found');
    const { mainAccount: _, ...data } = refused.data as { mainAccount: unknown };
    expect(read({ ...refused, data })).toMatchObject({
      kind: 'valid',
      value: { state: undefined, sequence: 0 },
    });
  });

  it('does not mind what it does not use: unknown types of the ledger, odd fields elsewhere', () => {
    const event = sampleEvent('points.purchased', main, { points: 'many', subAccount: 17 });
    expect(read(event).kind).toBe('valid');
    expect(read({ ...event, type: 'subledger.points.gifted.v1' }).kind).toBe('valid');
    expect(read({ ...event, type: 'com.example.other' })).toEqual({ kind: 'skipped' });
  });

  it.each([
    ['no value', null, 'empty'],
    ['no JSON', Buffer.from('{'), 'malformed-json'],
    ['no object', toValue(null), 'invalid-data'],
    ['no data', toValue({ type: 'subledger.points.purchased.v1' }), 'invalid-data'],
    ['a roll without figures', toValue(sampleEvent('period.rolled', main)), 'invalid-data'],
  ])('tells what is wrong with a record with %s', (_name, value, reason) => {
    const result = readLedgerEvent({ value });
    expect(result).toMatchObject({ kind: 'refused', reason });
  });

  it('refuses an unknown time zone', () => {
    const event = sampleEvent('points.purchased', { ...main, nextMonthStart: '2026-12-01T00:00:00Z' });
    const data = event.data as { mainAccount: object };
    const odd = { ...event, data: { ...data, mainAccount: { ...data.mainAccount, timeZone: 'Mars/Base' } } };
    expect(read(odd)).toMatchObject({ kind: 'refused', reason: 'invalid-data' });
  });
});
