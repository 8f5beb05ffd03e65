import { describe, expect, it } from '@jest/globals';
import { foldEvents, type RegistryRow } from './fold-events.js';
import type { LedgerEvent } from './ledger-event.js';

const START = Date.parse('2026-11-30T15:00:00Z');
const row = (fields: Partial<RegistryRow> = {}): RegistryRow => ({
  mainAccountId: 'ma_1',
  timeZone: 'Asia/Tokyo',
  period: '2026-11',
  nextMonthStart: START,
  generation: 0,
  sequence: 5,
  ...fields,
});
const event = (fields: Partial<LedgerEvent> & { period?: string } = {}): LedgerEvent => ({
  mainAccountId: 'ma_1',
  generation: 0,
  sequence: 6,
  at: START + 1_000,
  state: { timeZone: 'Asia/Tokyo', period: fields.period ?? '2026-11', nextMonthStart: START },
  ...fields,
});
const stored = (...rows: RegistryRow[]) => new Map(rows.map((one) => [one.mainAccountId, one]));

describe('foldEvents', () => {
  it.each<[string, RegistryRow[], Partial<LedgerEvent>[], [number, number] | undefined]>([
    // name, stored, events, (generation, sequence) afterwards or undefined for no change
    ['a new main account', [], [{ sequence: 1 }], [0, 1]],
    ['the next event', [row()], [{ sequence: 6 }], [0, 6]],
    ['a duplicate', [row()], [{ sequence: 5 }], undefined],
    ['an older one', [row()], [{ sequence: 4 }], undefined],
    ['several, out of order', [row()], [{ sequence: 8 }, { sequence: 6 }, { sequence: 7 }], [0, 8]],
    ['a new generation with a lower sequence', [row()], [{ generation: 1, sequence: 2 }], [1, 2]],
    ['an old generation with a higher sequence', [row({ generation: 1 })], [{ sequence: 99 }], undefined],
    ['no state', [row()], [{ sequence: 9, state: undefined }], undefined],
  ])('%s', (_name, rows, events, expected) => {
    const { changed } = foldEvents(
      stored(...rows),
      events.map((fields) => event(fields)),
    );
    expect(changed.map((one) => [one.generation, one.sequence])).toEqual(expected ? [expected] : []);
  });

  it('sorts by id, so that locks are taken in one order', () => {
    const events = ['ma_c', 'ma_a', 'ma_b'].map((mainAccountId) => event({ mainAccountId }));
    expect(foldEvents(new Map(), events).changed.map((one) => one.mainAccountId)).toEqual([
      'ma_a',
      'ma_b',
      'ma_c',
    ]);
  });

  const rolled = { kind: 'rolled', period: '2026-12', funded: 1, unfunded: 0 } as const;
  const again = { kind: 'already-rolled', period: '2026-12' } as const;
  const refused = { kind: 'rejected', period: '2026-12', code: 'period-not-due' } as const;

  it.each([
    ['the roll before its repetition', [rolled, again], 'rolled'],
    ['the roll after a refusal', [refused, rolled], 'rolled'],
    ['the roll before a refusal', [rolled, refused], 'rolled'],
    ['the later refusal', [refused, refused], 'rejected'],
  ])('of several answers %s counts', (_name, outcomes, kind) => {
    const events = outcomes.map((outcome, index) => event({ sequence: 6 + index, outcome }));
    const { answers } = foldEvents(stored(row()), events);
    expect(answers.map((one) => one.outcome.kind)).toEqual([kind]);
  });

  it('takes the due instant from the registry, which a new zone does not move', () => {
    const moved = row({ timeZone: 'America/Los_Angeles' });
    const { answers } = foldEvents(stored(moved), [event({ outcome: rolled, period: '2026-12' })]);
    expect(answers[0]?.dueAt).toBe(START);
  });

  it('follows a main account through a batch: opened, then rolled twice', () => {
    const later = Date.parse('2026-12-31T15:00:00Z');
    const december = { timeZone: 'Asia/Tokyo', period: '2026-12', nextMonthStart: later };
    const { changed, answers } = foldEvents(new Map(), [
      event({ sequence: 1 }),
      event({ sequence: 2, outcome: rolled, state: december }),
      event({ sequence: 3, outcome: { ...rolled, period: '2027-01' }, period: '2027-01' }),
    ]);
    expect(changed).toMatchObject([{ period: '2027-01', sequence: 3 }]);
    expect(answers.map((one) => [one.period, one.dueAt])).toEqual([
      ['2026-12', START],
      ['2027-01', later],
    ]);
  });
});
