import { commandType, eventType } from '@subledger/contracts';
import {
  type DomainEvent,
  formatPoints,
  type MainAccount,
  type Points,
  type SubAccount,
} from '@subledger/core';
import { instantText } from './instant-text.js';
import { mainAccountJson, subAccountJson, transferJson } from './state-json.js';

/** CloudEvents `source` of all records of the ledger. */
export const EVENT_SOURCE = '/subledger/ledger';

/** What the ledger acted on. */
export interface Cause {
  readonly kind: 'command' | 'message' | 'clock';
  readonly id: string;
  /** CloudEvents type of the record, or that of a roll for a month start by the clock. */
  readonly type: string;
}

/** The cause of a hold's end: the clock. Its id is the message's, its type that of the command that it replaces. */
export const causeOfExpiry = (messageId: string): Cause => ({
  kind: 'clock',
  id: messageId,
  type: commandType('hold.release'),
});

/** Writes the events of one decision. Their common JSON is written once. */
export class EventWriter {
  readonly #mainAccountId: string;
  readonly #head: string;
  readonly #causeJson: string;
  readonly #mainJson: string;

  /**
   * @param states main account after the decision, or null without books
   * @param at broker time of the cause, milliseconds since 1970
   */
  constructor(
    mainAccountId: string,
    private readonly states: MainAccount | null,
    private readonly generation: number,
    cause: Cause,
    at: number,
  ) {
    const time = instantText(at);
    this.#mainAccountId = mainAccountId;
    this.#head = `"subject":"${mainAccountId}","time":"${time}","datacontenttype":"application/json","data":{"mainAccountId":"${mainAccountId}","generation":${generation},"sequence":`;
    this.#causeJson = `,"at":"${time}","cause":{"kind":"${cause.kind}","id":${JSON.stringify(cause.id)},"type":${JSON.stringify(cause.type)}},"transfers":[`;
    this.#mainJson = states === null ? '' : `,"mainAccount":${mainAccountJson(states)}`;
  }

  /**
   * One event of the decision as CloudEvents JSON.
   * @param sub state of the sub-account that it names
   */
  write(event: DomainEvent, sub: SubAccount | null): string {
    const id = `${this.#mainAccountId}.${this.generation}.${event.sequence}`;
    const transfers = event.transfers.length === 0 ? '' : event.transfers.map(transferJson).join(',');
    return `${this.#open(id, event.name)}${event.sequence}${this.#causeJson}${transfers}]${this.#mainJson}${
      sub === null || this.states === null ? '' : `,"subAccount":${subAccountJson(this.states, sub)}`
    }${detailJson(event.detail)}}}`;
  }

  /**
   * A refusal without books: sequence 0, no states.
   * @param id CloudEvents id, the same each time that the same record is refused
   */
  writeWithoutBooks(id: string, detail: object): string {
    return `${this.#open(id, 'command.rejected')}0${this.#causeJson}]${detailJson(detail)}}}`;
  }

  #open(id: string, name: DomainEvent['name']): string {
    return `{"specversion":"1.0","id":"${id}","source":"${EVENT_SOURCE}","type":"${eventType(name)}",${this.#head}`;
  }
}

/** Detail fields whose numbers are instants. All other numbers are counts. */
const INSTANTS = new Set(['expiresAt', 'at']);

/** The detail's fields as `,"name":value…`. A bigint is points. Nested objects and lists are written the same way. */
function detailJson(detail: object): string {
  let json = '';
  for (const name in detail) {
    const value = (detail as Record<string, unknown>)[name];
    if (value !== undefined) json += `,"${name}":${valueJson(name, value)}`;
  }
  return json;
}

function valueJson(name: string, value: unknown): string {
  if (typeof value === 'bigint') return `"${formatPoints(value as Points)}"`;
  if (typeof value === 'number') return INSTANTS.has(name) ? `"${instantText(value)}"` : String(value);
  if (Array.isArray(value)) return `[${value.map((item) => valueJson('', item)).join(',')}]`;
  if (typeof value === 'object' && value !== null) return `{${detailJson(value).slice(1)}}`;
  return JSON.stringify(value);
}
