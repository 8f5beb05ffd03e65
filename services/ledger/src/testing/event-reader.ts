import { expect } from '@jest/globals';
import { isNewer } from '@subledger/contracts';
import type { LedgerHarness } from './ledger-harness.js';

// biome-ignore lint/suspicious/noExplicitAny: events of every type
type Event = any;

/** The newest state by (generation, sequence), as every reader of the events keeps it. */
function newest(events: readonly Event[], key: (event: Event) => string | undefined): Map<string, Event> {
  const kept = new Map<string, Event>();
  for (const event of events) {
    const id = event.data.sequence > 0 ? key(event) : undefined;
    const before = id === undefined ? undefined : kept.get(id);
    if (id !== undefined && isNewer(event.data, before?.data)) kept.set(id, event);
  }
  return kept;
}

/**
 * Checks that a reader of all events has the same state as the books for every account, and finds no gap in a
 * generation.
 */
export async function assertReaderAgrees(harness: LedgerHarness): Promise<void> {
  const events = harness.events.values as Event[];
  const mains = newest(events, ({ data }) => data.mainAccountId);
  const subs = newest(events, ({ type, data }) =>
    type === 'subledger.command.rejected.v1' ? undefined : data.subAccount?.subAccountId,
  );
  const books = await harness.db.query(
    'SELECT main_account_id AS id, sequence, balance, used FROM main_accounts ORDER BY 1',
  );
  const points = (text: string) => String(Math.round(Number(text) * 1_000));
  const seenMains = [...mains.values()].map(({ data }) => ({
    id: data.mainAccountId,
    sequence: String(data.sequence),
    balance: points(data.mainAccount.balance),
    used: points(data.mainAccount.used),
  }));
  expect(seenMains.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(books.rows);
  const subRows = await harness.db.query(
    'SELECT sub_account_id AS id, lifecycle, used, remaining FROM sub_accounts ORDER BY 1',
  );
  const seenSubs = [...subs.values()].map(({ data: { subAccount } }) => ({
    id: subAccount.subAccountId,
    lifecycle: subAccount.lifecycle,
    used: points(subAccount.used),
    remaining: points(subAccount.remaining),
  }));
  expect(seenSubs.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(subRows.rows);
  for (const { data } of mains.values()) assertNoGap(events, data);
}

/** Checks the last generation of a main account, from its beginning to its newest event. */
function assertNoGap(events: readonly Event[], { mainAccountId, generation, sequence }: Event['data']): void {
  const seen = new Set<number>();
  for (const { data } of events) {
    if (data.mainAccountId === mainAccountId && data.generation === generation && data.sequence > 0) {
      seen.add(data.sequence);
    }
  }
  expect([mainAccountId, seen.size]).toEqual([mainAccountId, sequence - Math.min(...seen) + 1]);
}

/** Checks that the last limit record of every sub-account, as a compacted topic keeps it, agrees with the books. */
export function lastLimits(values: readonly Event[]): Map<string, Event> {
  return new Map(values.filter(Boolean).map((value) => [value.subAccountId, value]));
}
