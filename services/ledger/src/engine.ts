/**
 * The ledger without its servers. `test/simulation` runs it on its own broker, database and clock. It loads no Nest,
 * no kafkajs and no PostgreSQL.
 */
export type { LogInspector } from './lanes/check-log.js';
export { ConcurrencyLimiter } from './lanes/concurrency-limiter.js';
export type { LaneOptions } from './lanes/lane-ports.js';
export type { LanePublisher } from './lanes/lane-publishing.js';
export type { LaneTimers } from './lanes/lane-timers.js';
export { Lanes, type LanesPorts } from './lanes/lanes.js';
export { BooksCache, CacheBudget } from './pipeline/books-cache.js';
export { LaneMemory } from './pipeline/lane-memory.js';
export { LargeRoll, ROLL_IN_PARTS, type RollInParts } from './pipeline/large-roll.js';
export { BatchProcessor, type ProcessorOptions } from './pipeline/process-batch.js';
export { GroupCommit } from './store/group-commit.js';
export { commandKey, type DueHold, type KnownCommand, type OwnedId, type TouchedIds } from './store/known.js';
export { LaneFencedError, type Lease } from './store/lane-lease.js';
export type {
  LaneOrders,
  LaneOwner,
  LedgerStore,
  PublishedCursor,
  TakenLane,
  UnpublishedRecord,
} from './store/ledger-store.js';
export type { BatchWrites, CommandRow, LaneStep, OutboxRow, SubAccountKey } from './store/rows.js';
export type { StatementKey } from './store/snapshot-pages.js';
export type { BatchToWrite } from './store/write-batch.js';
