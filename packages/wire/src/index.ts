export { type Cause, EVENT_SOURCE, EventWriter } from './event-json.js';
export { instantText } from './instant-text.js';
export { type LimitPosition, limitOrTombstone, limitRecord } from './limit-record.js';
export { parseRecord } from './parse-record.js';
export type { ParsedCommand, ParsedMessage, ParsedRecord, RefusedRecord } from './parsed-record.js';
export { type StoredStatement, type StoredTransfer, snapshotParts } from './snapshot-parts.js';
