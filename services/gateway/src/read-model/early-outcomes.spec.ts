import { expect, test } from '@jest/globals';
import type { LedgerEvent } from '../events/parse-events.js';
import { PendingDirectRequests } from '../operations/pending-direct-requests.js';
import { EarlyOutcomes } from './early-outcomes.js';
import { foldEvents } from './fold-events.js';

const MAIN = 'ma_1';

/** The ledger's answer to a hold. */
function placed(commandId: string, sequence: number): LedgerEvent {
  const data = {
    mainAccountId: MAIN,
    generation: 1,
    sequence,
    at: '2026-11-28T00:00:00.000Z',
    transfers: [],
  };
  const cause = { kind: 'command', id: commandId };
  return {
    name: 'hold.placed',
    data: { ...data, cause },
    record: { headers: {} },
  } as unknown as LedgerEvent;
}

/** Commands whose outcomes the batch of the read model still has to tell. */
const untold = (events: readonly LedgerEvent[], early: EarlyOutcomes): string[] =>
  foldEvents(events, (event) => early.wasTold(event))
    .outcomes.filter(({ isNotified }) => !isNotified)
    .map(({ commandId }) => commandId);

test('a request of this instance is notified when its event arrives, and not again by the batch', async () => {
  const pending = new PendingDirectRequests();
  const early = new EarlyOutcomes(pending);
  const waiting = pending.wait({ mainAccountId: MAIN, commandId: 'direct_a' }, () => true, 60_000);
  const events = [placed('direct_a', 1), placed('direct_b', 2), placed('cmd_c', 3)];
  early.notify(events);
  expect(await waiting).toMatchObject({ event: 'hold.placed', sequence: 1 });
  expect(untold(events, early)).toEqual(['cmd_c', 'direct_b']);
});

test('an operation is never notified early: its answer is read from the read model', async () => {
  const pending = new PendingDirectRequests();
  const early = new EarlyOutcomes(pending);
  const waiting = pending.wait({ mainAccountId: MAIN, commandId: 'cmd_c' }, () => true, 20);
  early.notify([placed('cmd_c', 1)]);
  expect(await waiting).toBeUndefined();
});

test('a repeat whose request waits on another instance is notified by the batch', () => {
  const pending = new PendingDirectRequests();
  const early = new EarlyOutcomes(pending);
  void pending.wait({ mainAccountId: MAIN, commandId: 'direct_a' }, () => true, 60_000);
  const events = [placed('direct_a', 1), placed('direct_a', 2)];
  early.notify(events);
  expect(untold(events, early)).toEqual(['direct_a']);
});

test('nothing is parsed early without waiting requests, or in a backlog', () => {
  const pending = new PendingDirectRequests();
  const early = new EarlyOutcomes(pending);
  expect(early.isWorthwhile(1)).toBe(false);
  void pending.wait({ mainAccountId: MAIN, commandId: 'direct_a' }, () => true, 60_000);
  expect(early.isWorthwhile(1)).toBe(true);
  expect(early.isWorthwhile(10_000)).toBe(false);
  early.notify([placed('direct_a', 1)]);
});
