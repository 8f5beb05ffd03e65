import { EVENTS } from '@subledger/contracts';
import { type KafkaRecord, partitionFor } from '@subledger/kafka';
import { AuditFailure, check, equal } from './check.js';
import type { EventView, Evidence } from './evidence.js';

/** What a reader of the events topic ends with. */
export interface EventLog {
  /** Per main account its events 1, 2, 3 …, of each sequence that of the last generation. */
  readonly books: ReadonlyMap<string, readonly EventView[]>;
  /** Refusals without books, each once. */
  readonly without: readonly EventView[];
  /** Events, repeats included. */
  readonly published: number;
}

/**
 * Reads the events as the design tells readers to: in order of (`generation`, `sequence`) per main account, dropping
 * what they have. So what is new must come without a gap, and what is repeated must be the same.
 */
export function readEvents(evidence: Evidence): EventLog {
  const books = new Map<string, EventView[]>();
  const seen = new Map<string, string>();
  const without = new Map<string, EventView>();
  const generations = new Map<string, number>();
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
    const before = generations.get(mainAccountId) ?? 0;
    // Of an older generation, and not seen before: what an owner that is out of date published last.
    if (generation < before) continue;
    const own = books.get(mainAccountId) ?? [];
    books.set(mainAccountId, own);
    if (generation > before && before > 0)
      check(sequence <= own.length + 1, () => `${event.id} leaves a gap after ${own.length}`);
    else
      equal(sequence, own.length + 1, () => `next sequence of ${mainAccountId} in generation ${generation}`);
    own.length = sequence - 1;
    own.push(event);
    generations.set(mainAccountId, generation);
  }
  return { books, without: [...without.values()], published };
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
