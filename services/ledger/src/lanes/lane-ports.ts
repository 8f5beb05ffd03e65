import type { LedgerMetrics } from '../metrics.js';
import type { Publication } from '../pipeline/batch-draft.js';
import type { CacheBudget } from '../pipeline/books-cache.js';
import type { LaneMemory } from '../pipeline/lane-memory.js';
import type { BatchProcessor } from '../pipeline/process-batch.js';
import type { ConcurrencyLimiter } from './concurrency-limiter.js';
import type { LanePublisher } from './lane-publishing.js';
import type { LaneTimers } from './lane-timers.js';
import type { TakeOverPorts } from './take-over.js';

/**
 * `waiting`: for a server to come back. `fenced`: another process took the lane over. `broken`: row and log do not
 * fit, an operator must decide. `ended`: the lane was given up, or the process stops.
 */
export type LaneState = 'starting' | 'running' | 'waiting' | 'fenced' | 'broken' | 'ended';

export interface LaneOptions {
  /** Most records of one transaction. */
  readonly batch: number;
  /** An idle lane writes its cursor after so long. */
  readonly idleCursorMs: number;
  /** Pause before a lane is taken over again after an outage: from, doubling, to. */
  readonly retryMs: { readonly from: number; readonly to: number };
  /** When a fenced lane that the group still gives to us is taken back; longer than the session time-out. */
  readonly fencedRetryMs: number;
}

export interface LanePorts extends TakeOverPorts {
  readonly processor: BatchProcessor;
  /** The way into the database, shared by all lanes: a place per record. */
  readonly database: ConcurrencyLimiter;
  /** The way into Kafka, shared by all lanes: a place per lane. */
  readonly kafka: ConcurrencyLimiter;
  readonly budget: CacheBudget;
  readonly metrics: LedgerMetrics;
  readonly publisher: LanePublisher;
  readonly options: LaneOptions;
  readonly timers: LaneTimers;
  /** Nothing more is to be fetched for the lane; or again. */
  pause(lane: number, topic: string): void;
  resume(lane: number, topic: string): void;
}

/** Work that no record asks for: an operator or the clock does. Done in steps, between two batches. */
export interface LaneTask {
  /** A task of a kind that waits already is not taken twice. */
  readonly kind: string;
  /** When its next step is due, by the lane's `now`; left out: at once. */
  readonly dueAt?: number;
  /** @returns whether it is done */
  step(lane: TaskContext): Promise<boolean>;
}

export interface TaskContext {
  readonly memory: LaneMemory;
  publish(publication: Publication): void;
  /** Waits until all is published. @throws what publishing failed with */
  published(): Promise<void>;
}
