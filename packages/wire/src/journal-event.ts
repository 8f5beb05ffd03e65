import { decodeBlock, type StoredBlock } from './journal-block.js';

/** An event of the journal, with what its block says of it. */
export interface JournalEvent {
  readonly lane: number;
  readonly laneSequence: bigint;
  readonly generation: number;
  readonly mainAccountId: string;
  /** The main account's. */
  readonly sequence: number;
  /** CloudEvents type. */
  readonly type: string;
  /** Broker time of the cause, ISO. */
  readonly at: string;
  readonly causeKind: string;
  readonly causeId: string;
  /** The CloudEvent's JSON text, exactly as published. */
  readonly payload: string;
}

interface EventView {
  readonly type: string;
  readonly data: {
    readonly mainAccountId: string;
    readonly sequence: number;
    readonly at: string;
    readonly cause: { readonly kind: string; readonly id: string };
  };
}

/**
 * The events of a block.
 * @throws DamagedBlockError
 */
export function eventsOf(block: StoredBlock): JournalEvent[] {
  const { lane, generation, firstSequence } = block;
  return decodeBlock(block).map((payload, index) => {
    const { type, data } = JSON.parse(payload) as EventView;
    const { mainAccountId, sequence, at, cause } = data;
    const laneSequence = firstSequence + BigInt(index);
    const { kind: causeKind, id: causeId } = cause;
    return { lane, laneSequence, generation, mainAccountId, sequence, type, at, causeKind, causeId, payload };
  });
}

const SUBJECT = '"subject":"';

/** The main account of an event. Its text has one form (`packages/wire/src/event-json.ts`), so it is not parsed. */
export function mainAccountOf(payload: string): string {
  const start = payload.indexOf(SUBJECT) + SUBJECT.length;
  return payload.slice(start, payload.indexOf('"', start));
}
