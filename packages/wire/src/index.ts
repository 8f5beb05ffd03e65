export { type Cause, causeOfExpiry, EVENT_SOURCE, EventWriter } from './event-json.js';
export { instantText } from './instant-text.js';
export {
  BLOCK_EVENTS,
  DamagedBlockError,
  decodeBlock,
  type EncodedBlock,
  encodeBlock,
  encodeBlocks,
  type JournalBlock,
  SEPARATOR,
  type StoredBlock,
} from './journal-block.js';
export { eventsOf, type JournalEvent, mainAccountOf } from './journal-event.js';
export { type LimitPosition, limitOrTombstone, limitRecord } from './limit-record.js';
export { type PackedBlock, type PackedEvent, packEvents } from './pack-events.js';
export { parseRecord } from './parse-record.js';
export type { ParsedCommand, ParsedMessage, ParsedRecord, RefusedRecord } from './parsed-record.js';
export { type StoredStatement, type StoredTransfer, snapshotParts } from './snapshot-parts.js';
