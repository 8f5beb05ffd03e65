import { limitRecord, TOPICS } from '@subledger/contracts';
import type { BooksView, SubView } from './books.js';
import { AuditFailure, amountOf, check, equal } from './check.js';
import type { EventLog } from './event-log.js';
import type { Evidence } from './evidence.js';
import type { Fact } from './messages.js';

interface LimitView {
  readonly subAccountId: string;
  readonly mainAccountId: string;
  readonly generation: number;
  readonly sequence: number;
  readonly position: { readonly topic: string; readonly partition: number; readonly offset: string } | null;
  readonly [field: string]: unknown;
}

/** Periodic tasks run every two seconds of the run's clock. After this time, a tombstone must exist. */
const SLACK_MS = 20_000;

/**
 * Checks the compacted topic: its last record per sub-account equals the ledger's state, and no position is beyond
 * what was read.
 */
export function auditLimits(
  evidence: Evidence,
  events: EventLog,
  books: ReadonlyMap<string, BooksView>,
  facts: ReadonlyMap<string, Fact>,
): void {
  const last = new Map<string, LimitView | null>();
  const generations = new Map<string, number>();
  const reach = factsByMain(evidence, events, facts);
  for (const { key, value, offset, partition } of evidence.limits.flat()) {
    const where = () => `limit record ${partition}:${offset} of ${key}`;
    if (value === null) {
      last.set(key ?? '', null);
      continue;
    }
    const limit = JSON.parse(String(value)) as LimitView;
    const read = limitRecord.safeParse(limit);
    check(read.success, () => `${where()} does not keep its contract: ${String(read.error)}`);
    equal(limit.subAccountId, key, () => `key of ${where()}`);
    const before = last.get(key ?? '');
    // A restore may bring back a deleted sub-account, in a new generation.
    const isReborn = limit.generation > (generations.get(key ?? '') ?? 0);
    check(before !== null || isReborn, () => `${where()} follows its tombstone`);
    generations.set(key ?? '', limit.generation);
    // A takeover during a restore may publish restored states. The operator's rebuild corrects that.
    const isBehind = before && !isNotOlder(limit, before);
    check(!isBehind || evidence.undone.size > 0, () => `${where()} is older than the one before`);
    last.set(key ?? '', limit);
    assertPosition(limit, reach.get(limit.mainAccountId) ?? [], where);
  }
  for (const view of books.values())
    for (const sub of view.subs.values()) assertLast(evidence, view, sub, last.get(sub.id));
}

const isNotOlder = (one: LimitView, other: LimitView): boolean =>
  one.generation > other.generation ||
  (one.generation === other.generation && one.sequence >= other.sequence);

interface Booked {
  readonly offset: bigint;
  readonly generation: number;
  readonly sequence: number;
}

/** Positions of each main account's facts in the log, and the events that booked them. */
function factsByMain(
  evidence: Evidence,
  { books }: EventLog,
  facts: ReadonlyMap<string, Fact>,
): Map<string, Booked[]> {
  const latest = new Set(evidence.messages.flatMap((log) => log.slice(lastBeginning(log))));
  const booked = new Map<string, Booked[]>();
  for (const [mainAccountId, own] of books) {
    const list: Booked[] = [];
    booked.set(mainAccountId, list);
    for (const { id, data } of own) {
      const record = facts.get(id)?.record;
      const { generation, sequence } = data;
      if (record && latest.has(record)) list.push({ offset: record.offset, generation, sequence });
    }
  }
  return booked;
}

/** Beginning of the newest log of a partition, among all its logs. */
function lastBeginning(log: readonly { readonly offset: bigint }[]): number {
  let at = 0;
  for (let n = 1; n < log.length; n += 1)
    if ((log[n] as { offset: bigint }).offset <= (log[n - 1] as { offset: bigint }).offset) at = n;
  return at;
}

/** Checks that a record contains exactly the facts up to its `position`. */
function assertPosition(limit: LimitView, facts: readonly Booked[], where: () => string): void {
  const { position, sequence, generation } = limit;
  if (!position) return;
  equal(position.topic, TOPICS.messages, () => `topic of the position of ${where()}`);
  const offset = BigInt(position.offset);
  for (const fact of facts) {
    if (fact.generation !== generation) continue;
    const isRead = fact.offset <= offset;
    check(isRead === fact.sequence <= sequence, () => {
      const said = `says position ${offset} at sequence ${sequence}`;
      return `${where()} ${said}, but message offset ${fact.offset} is event ${fact.sequence}`;
    });
  }
}

function assertLast(
  evidence: Evidence,
  books: BooksView,
  sub: SubView,
  last: LimitView | null | undefined,
): void {
  const where = () => `the last limit record of ${sub.id}`;
  const dueAt = sub.deletedAt === null ? null : sub.deletedAt + evidence.tombstoneGraceMs;
  if (dueAt !== null && dueAt + SLACK_MS < evidence.endedAt) {
    equal(last, null, where);
    return;
  }
  if (last === null) {
    check(dueAt !== null && dueAt <= evidence.endedAt, () => `${where()} is a tombstone`);
    return;
  }
  if (last === undefined) throw new AuditFailure(`${where()} is missing`);
  equal(last.status, books.status(sub), () => `status in ${where()}`);
  equal(last.period, sub.period, () => `period in ${where()}`);
  equal(last.mainAccountId, books.id, () => `main account in ${where()}`);
  const { limit, boost, used, held } = sub;
  const amounts = { limit, boost, used, held, granted: books.granted(sub), remaining: books.remaining(sub) };
  for (const [name, amount] of Object.entries(amounts))
    equal(amountOf(last[name]), amount, () => `${name} in ${where()}`);
}
