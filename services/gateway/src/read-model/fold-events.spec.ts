import { describe, expect, it } from '@jest/globals';
import type { LedgerEvent } from '../events/parse-events.js';
import { foldEvents } from './fold-events.js';

/** The outcome of a hold's command; the ledger publishes it once more for each repeat of the command. */
const placed = (sequence: number, commandId = 'direct_1'): LedgerEvent =>
  ({
    name: 'hold.placed',
    data: {
      mainAccountId: 'ma_1',
      generation: 0,
      sequence,
      at: '2026-11-23T00:00:00.000Z',
      cause: { kind: 'command', id: commandId, type: 'subledger.hold.place.v1' },
      transfers: [],
    },
    record: { headers: {} },
  }) as unknown as LedgerEvent;

describe('the outcomes of a batch', () => {
  const [first, repeat] = [placed(1), placed(1)];
  const told = (...events: LedgerEvent[]) =>
    foldEvents([first, repeat], (event) => events.includes(event)).outcomes;

  it.each<[string, LedgerEvent[], boolean]>([
    ['nobody was told', [], false],
    ['the request of the first was told, that of the repeat is another instance’s', [first], false],
    ['the request of the repeat alone was told', [repeat], false],
    ['both were told', [first, repeat], true],
  ])('%s', (_name, events, isNotified) => {
    expect(told(...events)).toMatchObject([{ commandId: 'direct_1', isNotified, outcome: { sequence: 1 } }]);
  });

  it('are the first ones of their commands', () => {
    const { outcomes } = foldEvents([placed(3), placed(4), placed(5, 'direct_2')]);
    expect(outcomes.map(({ commandId, outcome }) => [commandId, outcome.sequence])).toEqual([
      ['direct_1', 3],
      ['direct_2', 5],
    ]);
  });
});
