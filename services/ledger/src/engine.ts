/**
 * The ledger without its servers: what `test/simulation` drives on a broker, a database and a clock of its own. No
 * Nest, no kafkajs and no PostgreSQL comes with it.
 */
export type { LogInspector } from './lanes/check-log.js';
export type { LaneOptions } from './lanes/lane-ports.js';
export type { LanePublisher } from './lanes/lane-publishing.js';
export type { LaneTimers } from './lanes/lane-timers.js';
export { Lanes, type LanesPorts } from './lanes/lanes.js';
export { Turnstile } from './lanes/turnstile.js';
export { BooksCache, CacheBudget } from './pipeline/books-cache.js';
export { LaneMemory } from './pipeline/lane-memory.js';
export { LargeRoll, ROLL_IN_PARTS, type RollInParts } from './pipeline/large-roll.js';
export { type ProcessorOptions, SliceProcessor } from './pipeline/process-slice.js';
export { GroupCommit } from './store/group-commit.js';
export { commandKey, type KnownCommand, type OwnedId, type TouchedIds } from './store/known.js';
export { LaneFencedError, type Lease } from './store/lane-lease.js';
export type {
  LaneOrders,
  LaneOwner,
  LedgerStore,
  PublishedCursor,
  SubAccountKey,
  TakenLane,
  UnpublishedRecord,
} from './store/ledger-store.js';
export type { CommandRow, LaneStep, OutboxRow, SliceWrites } from './store/rows.js';
export type { StatementKey, StoredStatement, StoredTransfer } from './store/stated-pages.js';
export type { SliceToWrite } from './store/write-slice.js';
