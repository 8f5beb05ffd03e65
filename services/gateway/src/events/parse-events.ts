import {
  EVENTS,
  type EventData,
  type EventName,
  envelope,
  MAX_RECORD_BYTES,
  type Reading,
  type Refused,
  readRecordJson,
  refused,
  SKIPPED,
  Unreadable,
  valid,
} from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';

/** An event of the ledger, with the fields that all events have. */
export interface LedgerEvent {
  readonly name: EventName;
  readonly data:
    | EventData<'sub-account.opened'>
    | EventData<'main-account.opened'>
    | EventData<'snapshot.published'>
    | EventData<'command.rejected'>;
  readonly record: KafkaRecord;
}

export interface BadRecord extends Refused {
  readonly record: KafkaRecord;
}

/** Parses records. Records that were parsed early are not parsed again. */
export class EventParser {
  /** Only for early records: an entry for every record of a backlog would keep the garbage collector busy. */
  readonly #parsedEarly = new WeakMap<KafkaRecord, Reading<LedgerEvent>>();

  /** Separates a batch into events and dead letters. Unknown types are left out. */
  parse(records: readonly KafkaRecord[]): { events: LedgerEvent[]; bad: BadRecord[] } {
    const events: LedgerEvent[] = [];
    const bad: BadRecord[] = [];
    for (const record of records) {
      const read = this.#parsedEarly.get(record) ?? parseEvent(record);
      if (read.kind === 'valid') events.push(read.value);
      else if (read.kind === 'refused') bad.push({ ...read, record });
    }
    return { events, bad };
  }

  /** Parses the events of records that will be processed later. `parse` then returns the same objects. */
  parseEarly(records: readonly KafkaRecord[]): LedgerEvent[] {
    for (const record of records)
      if (!this.#parsedEarly.has(record)) this.#parsedEarly.set(record, parseEvent(record));
    return this.parse(records).events;
  }
}

/** Twice the writers' limit: the summary of a month start may be larger than a command. */
const MAX_EVENT_BYTES = 4 * MAX_RECORD_BYTES;

function parseEvent(record: KafkaRecord): Reading<LedgerEvent> {
  const json = readRecordJson(record, { maxBytes: MAX_EVENT_BYTES, parse: JSON.parse });
  if (json instanceof Unreadable) return json.refused;
  const outer = envelope.safeParse(json);
  if (!outer.success) return refused('invalid-envelope', outer.error.message);
  const known = EVENTS.get(outer.data.type);
  if (!known) return SKIPPED;
  const event = known.schema.safeParse(json);
  if (!event.success) return refused('invalid-data', event.error.message);
  const data = event.data.data as LedgerEvent['data'];
  if (record.key !== data.mainAccountId)
    return refused('wrong-key', 'the key is not the main account of the event');
  return valid({ name: known.name, data, record });
}
