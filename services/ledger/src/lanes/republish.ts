import { TOPICS } from '@subledger/contracts';
import type { OutgoingRecord } from '@subledger/kafka';
import type pg from 'pg';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { TakenLane } from '../store/lane-store.js';
import { loadBooks } from '../store/load-books.js';
import { limitRecord } from '../wire/limit-record.js';
import type { LanePublisher } from './lane-publishing.js';

/** Lane sequences per Kafka transaction. */
const PAGE = 1_000n;

/**
 * Publishes again what the lane committed after its cursor: it may or may not be out already, and readers drop what
 * they have. Limit records follow from the books as they are now.
 * @returns how many journal and outbox rows there were
 */
export async function republish(
  prisma: PrismaClient,
  pool: pg.Pool,
  publisher: LanePublisher,
  taken: TakenLane,
): Promise<number> {
  const touched = new Map<string, Set<string> | 'all'>();
  let count = 0;
  for (let from = taken.publishedSequence; from < taken.laneSequence; from += PAGE) {
    const records = await page(prisma, taken.lease.lane, from, touched);
    count += records.length;
    await publisher.publish(records);
  }
  if (touched.size > 0) await publisher.publish(await limitsOf(pool, taken, touched));
  return count;
}

async function page(
  prisma: PrismaClient,
  lane: number,
  after: bigint,
  touched: Map<string, Set<string> | 'all'>,
): Promise<OutgoingRecord[]> {
  const range = { lane, laneSequence: { gt: after, lte: after + PAGE } };
  const journal = await prisma.journal.findMany({
    where: range,
    select: { mainAccountId: true, laneSequence: true, payload: true },
  });
  const outbox = await prisma.outbox.findMany({ where: range });
  const numbered: { at: bigint; record: OutgoingRecord }[] = [];
  for (const row of journal) {
    note(touched, row.mainAccountId, row.payload);
    const record = { topic: TOPICS.events, key: row.mainAccountId, value: row.payload };
    numbered.push({ at: row.laneSequence, record });
  }
  for (const row of outbox) {
    const { topic, key, value } = row;
    const headers = row.headers as Record<string, string>;
    const record = { topic, key, value: value === null ? null : Buffer.from(value), headers };
    numbered.push({ at: row.laneSequence, record });
  }
  numbered.sort((a, b) => Number(a.at - b.at));
  return numbered.map(({ record }) => record);
}

interface EventView {
  readonly type: string;
  readonly data: {
    readonly subAccount?: { readonly subAccountId: string };
    readonly transfers: readonly { readonly subAccountId: string | null }[];
  };
}
const TOUCHES_ALL = new Set(['subledger.main-account.suspended.v1', 'subledger.main-account.resumed.v1']);

/** Which sub-accounts an event changed, so that their limit records are due. */
function note(touched: Map<string, Set<string> | 'all'>, mainAccountId: string, payload: string): void {
  const { type, data } = JSON.parse(payload) as EventView;
  if (TOUCHES_ALL.has(type)) touched.set(mainAccountId, 'all');
  const ids = touched.get(mainAccountId) ?? new Set<string>();
  if (ids === 'all') return;
  if (data.subAccount) ids.add(data.subAccount.subAccountId);
  for (const { subAccountId } of data.transfers) if (subAccountId !== null) ids.add(subAccountId);
  touched.set(mainAccountId, ids);
}

async function limitsOf(
  pool: pg.Pool,
  taken: TakenLane,
  touched: ReadonlyMap<string, Set<string> | 'all'>,
): Promise<OutgoingRecord[]> {
  const { lease, messageOffset, messageLastId } = taken;
  const position = {
    lane: lease.lane,
    generation: lease.generation,
    messageOffset: messageLastId === null ? null : messageOffset - 1n,
  };
  const records: OutgoingRecord[] = [];
  for (const [mainAccountId, books] of await loadBooks(pool, [...touched.keys()])) {
    const { main } = books;
    const ids = touched.get(mainAccountId);
    if (!main || !ids) continue;
    for (const sub of books.subAccounts.values()) {
      const isDue = ids === 'all' ? sub.lifecycle !== 'deleted' : ids.has(sub.id);
      if (isDue) records.push(limitRecord(main, sub, position));
    }
  }
  return records;
}
