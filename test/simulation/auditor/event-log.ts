import { EVENTS } from '@subledger/contracts';
import { type KafkaRecord, partitionFor } from '@subledger/kafka';
import { AuditFailure, check, equal } from './check.js';
import type { EventView, Evidence } from './evidence.js';

/** The books as the events topic shows them. */
export interface EventLog {
  /** Events 1, 2, 3 … per main account, without those that a restore removed from the books. */
  readonly books: ReadonlyMap<string, readonly EventView[]>;
  /** Refusals without books, each once. */
  readonly without: readonly EventView[];
  /** Parts of snapshots by main account, in the order of the topic. */
  readonly snapshots: ReadonlyMap<string, readonly EventView[]>;
  /** Events, repeats included. */
  readonly published: number;
}

/**
 * Reads the events as the design prescribes for readers: in order of (`generation`, `sequence`) per main account,
 * dropping known ones. So new events must come without a gap, and repeated events must be equal.
 *
 * At an account's first event of a raised generation, a reader drops what a restore removed. If retention removed the
 * records as well, there may be no such event: the account is as in the backup, or does not exist, and the topic does
 * not show it. So the auditor knows how far the restored books reach, and drops later events at once.
 */
export function readEvents(evidence: Evidence): EventLog {
  const books = new Map<string, EventView[]>();
  const seen = new Map<string, string>();
  const without = new Map<string, EventView>();
  const snapshots = new Map<string, EventView[]>();
  let published = 0;
  for (const record of evidence.events.flat()) {
    const event = parse(record);
    const { mainAccountId, generation, sequence } = event.data;
    published += 1;
    equal(
      record.partition,
      partitionFor(mainAccountId, evidence.partitions),
      () => `partition of ${event.id}`,
    );
    const first = seen.get(event.id);
    if (first !== undefined) {
      equal(event.text, first, () => `${event.id} was published again with another content`);
      continue;
    }
    seen.set(event.id, event.text);
    if (sequence === 0) {
      without.set(event.id, event);
      continue;
    }
    if (isTakenAway(evidence, event)) continue;
    const own = books.get(mainAccountId) ?? [];
    books.set(mainAccountId, own);
    const where = () => `${mainAccountId} in generation ${generation}`;
    if (event.name === 'snapshot.published') {
      equal(sequence, own.length, () => `last event before ${event.id}`);
      snapshots.set(mainAccountId, [...(snapshots.get(mainAccountId) ?? []), event]);
      continue;
    }
    equal(sequence, own.length + 1, () => `next sequence of ${where()}`);
    check(generation >= (own.at(-1)?.data.generation ?? 0), () => `${event.id} is of an older generation`);
    own.push(event);
  }
  return { books, without: [...without.values()], snapshots, published };
}

/** Whether the event was published before a restore, or by an outdated owner, and is not in the books. */
function isTakenAway({ resumptions }: Evidence, { partition, data }: EventView): boolean {
  const { mainAccountId, generation, sequence } = data;
  return resumptions.some(
    (one) =>
      one.lane === partition &&
      generation < one.generation &&
      sequence > (one.sequences.get(mainAccountId) ?? 0),
  );
}

function parse(record: KafkaRecord): EventView {
  const text = String(record.value);
  const event = JSON.parse(text) as { id: string; type: string; data: EventView['data'] };
  const contract = EVENTS.get(event.type);
  if (!contract) throw new AuditFailure(`an event of unknown type ${event.type}`);
  const result = contract.schema.safeParse(event);
  check(result.success, () => `${event.id} does not keep its contract: ${String(result.error)}`);
  equal(record.key, event.data.mainAccountId, () => `key of ${event.id}`);
  const { partition, offset } = record;
  return { id: event.id, name: contract.name, text, partition, offset, data: event.data };
}
