import { BLOCK_EVENTS, encodeBlock, SEPARATOR, type StoredBlock } from './journal-block.js';
import type { JournalEvent } from './journal-event.js';

/** What a block needs of an event. */
export type PackedEvent = Pick<JournalEvent, 'lane' | 'laneSequence' | 'generation' | 'at' | 'payload'>;
/** A block to insert. */
export type PackedBlock = StoredBlock & { readonly at: string };

/** Length of `YYYY-MM` in an ISO instant. */
const MONTH = 7;

/**
 * Makes blocks of events that come in the order of lane and lane sequence: for conversions and tests. A lane packs its
 * own batches (`services/ledger/src/pipeline/batch-draft.ts`).
 */
export function* packEvents(events: Iterable<PackedEvent>): Generator<PackedBlock> {
  let open: PackedEvent[] = [];
  for (const event of events) {
    if (open.length > 0 && !fits(open, event)) {
      yield close(open);
      open = [];
    }
    open.push(event);
  }
  if (open.length > 0) yield close(open);
}

function fits(open: readonly PackedEvent[], event: PackedEvent): boolean {
  const first = open[0] as PackedEvent;
  return (
    open.length < BLOCK_EVENTS &&
    event.lane === first.lane &&
    event.generation === first.generation &&
    event.laneSequence === first.laneSequence + BigInt(open.length) &&
    event.at.slice(0, MONTH) === first.at.slice(0, MONTH)
  );
}

function close(events: readonly PackedEvent[]): PackedBlock {
  const { lane, generation, laneSequence: firstSequence, at } = events[0] as PackedEvent;
  const lastSequence = firstSequence + BigInt(events.length) - 1n;
  const separator = String.fromCharCode(SEPARATOR);
  const payloads = Buffer.from(events.map(({ payload }) => payload).join(separator));
  const { format, checksum, payload } = encodeBlock({ firstSequence, lastSequence, at, payloads });
  return { lane, generation, firstSequence, lastSequence, at, format, checksum, payload };
}
