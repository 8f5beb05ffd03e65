import { eventType } from '@subledger/contracts';
import type { OutgoingRecord } from '@subledger/kafka';
import { limitOrTombstone } from '@subledger/wire';
import { TOUCH_ALL } from '../pipeline/decide-batch.js';
import type { LedgerStore, TakenLane } from '../store/ledger-store.js';
import { lastMessageOf } from '../store/rows.js';
import { LaneBrokenError } from './check-log.js';
import type { LanePublisher } from './lane-publishing.js';

interface RepublishPorts {
  readonly store: LedgerStore;
  readonly tombstoneGraceMs: number;
  readonly now: () => number;
}

/**
 * Changes of a main account: the sub-accounts that events name, and whether the status of all existing ones changed.
 */
interface Touched {
  readonly ids: Set<string>;
  all: boolean;
}

/** Lane sequences per Kafka transaction. */
const PAGE = 1_000n;

/**
 * Publishes again what the lane committed after its cursor. It may have been published already, and readers drop
 * duplicates. Limit records are made from the current books.
 * @returns the number of events and outbox rows
 * @throws LaneBrokenError if some are missing
 * @throws DamagedBlockError
 */
export async function republish(
  ports: RepublishPorts,
  publisher: LanePublisher,
  taken: TakenLane,
): Promise<number> {
  const touched = new Map<string, Touched>();
  let count = 0;
  for (let from = taken.publishedSequence; from < taken.laneSequence; from += PAGE) {
    const through = from + PAGE < taken.laneSequence ? from + PAGE : taken.laneSequence;
    const records = await page(ports.store, taken.lease.lane, { from, through }, touched);
    // Each number is an event or an outbox row. A gap would hide events from all readers.
    const expected = Number(through - from);
    if (records.length !== expected) {
      const detail = `${expected - records.length} of ${expected} events or outbox rows are missing after ${from}`;
      throw new LaneBrokenError(taken.lease.lane, detail, taken.lease.generation);
    }
    count += records.length;
    await publisher.publish(records);
  }
  if (touched.size > 0) await publisher.publish(await limitsOf(ports, taken, touched));
  return count;
}

async function page(
  store: LedgerStore,
  lane: number,
  { from, through }: { readonly from: bigint; readonly through: bigint },
  touched: Map<string, Touched>,
): Promise<OutgoingRecord[]> {
  const found = await store.unpublished(lane, from, through);
  for (const { journalOf, record } of found) {
    if (journalOf !== null) note(touched, journalOf, String(record.value));
  }
  return found.map(({ record }) => record);
}

interface EventView {
  readonly type: string;
  readonly data: {
    readonly subAccount?: { readonly subAccountId: string };
    readonly transfers: readonly { readonly subAccountId: string | null }[];
  };
}
const TOUCHES_ALL: ReadonlySet<string> = new Set([...TOUCH_ALL].map((name) => eventType(name)));

/** Notes which sub-accounts an event changed, so that their limit records are published. */
function note(touched: Map<string, Touched>, mainAccountId: string, payload: string): void {
  const { type, data } = JSON.parse(payload) as EventView;
  const own = touched.get(mainAccountId) ?? { ids: new Set(), all: false };
  touched.set(mainAccountId, own);
  own.all ||= TOUCHES_ALL.has(type);
  if (data.subAccount) own.ids.add(data.subAccount.subAccountId);
  for (const { subAccountId } of data.transfers) if (subAccountId !== null) own.ids.add(subAccountId);
}

async function limitsOf(
  { store, now, tombstoneGraceMs }: RepublishPorts,
  taken: TakenLane,
  touched: ReadonlyMap<string, Touched>,
): Promise<OutgoingRecord[]> {
  const { lease } = taken;
  const position = {
    lane: lease.lane,
    generation: lease.generation,
    messageOffset: lastMessageOf(taken),
  };
  const moment = { at: now(), graceMs: tombstoneGraceMs };
  const records: OutgoingRecord[] = [];
  for (const [mainAccountId, books] of await store.loadBooks([...touched.keys()])) {
    const { main } = books;
    const own = touched.get(mainAccountId);
    if (!main || !own) continue;
    for (const sub of books.subAccounts.values()) {
      // Includes a deleted sub-account if a late fact named it.
      const isDue = own.ids.has(sub.id) || (own.all && sub.lifecycle !== 'deleted');
      if (isDue) records.push(limitOrTombstone(main, sub, position, moment));
    }
  }
  return records;
}
