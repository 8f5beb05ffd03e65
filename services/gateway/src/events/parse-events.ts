import {
  type DeadLetterReason,
  EVENTS,
  type EventData,
  type EventName,
  envelope,
  MAX_RECORD_BYTES,
} from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';

/** An event of the ledger with what every one carries. */
export interface LedgerEvent {
  readonly name: EventName;
  readonly data:
    | EventData<'sub-account.opened'>
    | EventData<'main-account.opened'>
    | EventData<'snapshot.published'>
    | EventData<'command.rejected'>;
  readonly record: KafkaRecord;
}

export interface BadRecord {
  readonly record: KafkaRecord;
  readonly reason: DeadLetterReason;
  readonly detail: string;
}

/** Parses records; those that were looked at before their turn come only once. */
export class EventParser {
  /** Only of what was foreseen: an entry for every record of a backlog would keep the garbage collector busy. */
  private readonly foreseen = new WeakMap<KafkaRecord, LedgerEvent | BadRecord | undefined>();

  /** Sorts a batch into events and dead letters; types that this version does not know are left out. */
  parse(records: readonly KafkaRecord[]): { events: LedgerEvent[]; bad: BadRecord[] } {
    const events: LedgerEvent[] = [];
    const bad: BadRecord[] = [];
    for (const record of records) {
      const parsed = this.foreseen.has(record) ? this.foreseen.get(record) : parseEvent(record);
      if (parsed === undefined) continue;
      if ('reason' in parsed) bad.push(parsed);
      else events.push(parsed);
    }
    return { events, bad };
  }

  /** The events among records whose turn comes later: `parse` then gives the same ones. */
  foresee(records: readonly KafkaRecord[]): LedgerEvent[] {
    for (const record of records)
      if (!this.foreseen.has(record)) this.foreseen.set(record, parseEvent(record));
    return this.parse(records).events;
  }
}

function parseEvent(record: KafkaRecord): LedgerEvent | BadRecord | undefined {
  const refuse = (reason: DeadLetterReason, detail: string): BadRecord => ({ record, reason, detail });
  if (record.undecodable) return refuse('undecodable-batch', record.undecodable.detail);
  if (record.value === null) return refuse('empty', 'The record has no value');
  // Twice the limit of writers: a month start's summary may be larger than what one command may be.
  if (record.value.length > 4 * MAX_RECORD_BYTES) return refuse('oversized', `${record.value.length} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(record.value.toString('utf8'));
  } catch {
    // V8's message quotes the text.
    return refuse('malformed-json', 'The value is not JSON');
  }
  const outer = envelope.safeParse(json);
  if (!outer.success) return refuse('invalid-envelope', outer.error.message);
  const known = EVENTS.get(outer.data.type);
  if (!known) return undefined;
  const event = known.schema.safeParse(json);
  if (!event.success) return refuse('invalid-data', event.error.message);
  const data = event.data.data as LedgerEvent['data'];
  if (record.key !== data.mainAccountId)
    return refuse('wrong-key', 'The key is not the main account of the event');
  return { name: known.name, data, record };
}
