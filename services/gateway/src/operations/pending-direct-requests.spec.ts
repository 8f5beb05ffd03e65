import { describe, expect, it } from '@jest/globals';
import type { Outcome } from './operation.js';
import { PendingDirectRequests } from './pending-direct-requests.js';

const COMMAND = { mainAccountId: 'ma_1', commandId: 'direct_1' };
const placed = (messageId: string): Outcome => ({
  event: 'hold.placed',
  generation: 0,
  sequence: 1,
  messageId,
});
const about = (messageId: string) => (outcome: Outcome) => outcome.messageId === messageId;

describe('PendingDirectRequests', () => {
  it('answers one of several requests with one key as new, and the others as repeats', async () => {
    const pending = new PendingDirectRequests();
    const waiting = [1, 2, 3].map(() => pending.wait(COMMAND, about('m'), 1_000));
    expect(pending.notify({ ...COMMAND, outcome: placed('m') })).toBe(true);
    const told = await Promise.all(waiting);
    expect(told.map((outcome) => outcome?.isRepeat)).toEqual([undefined, true, true]);
    expect(pending.isEmpty).toBe(true);
  });

  it('answers a request of other content too, but as not notified: its own request may wait elsewhere', async () => {
    const pending = new PendingDirectRequests();
    const other = pending.wait(COMMAND, about('other'), 1_000);
    expect(pending.notify({ ...COMMAND, outcome: placed('m') })).toBe(false);
    expect(await other).toEqual(placed('m'));
  });

  it('gives up after its time', async () => {
    const pending = new PendingDirectRequests();
    expect(await pending.wait(COMMAND, about('m'), 1)).toBeUndefined();
    expect(pending.notify({ ...COMMAND, outcome: placed('m') })).toBe(false);
  });
});
