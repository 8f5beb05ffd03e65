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
 * `waiting`: for a server to come back. `fenced`: another process has taken the lane over. `broken`: the row does not
 * fit the log, and an operator must decide. `ended`: the lane was given up, or the process stops.
 */
export type LaneState = 'starting' | 'running' | 'waiting' | 'fenced' | 'broken' | 'ended';

export interface LaneOptions {
  /** Maximum records of one transaction. */
  readonly batch: number;
  /** Milliseconds after which an idle lane writes its cursor. */
  readonly idleCursorMs: number;
  /** Pause before a lane is taken over again after an outage, doubling from `from` to `to`. */
  readonly retryMs: { readonly from: number; readonly to: number };
  /**
   * Milliseconds after which a fenced lane that the group still assigns to us is taken back. Longer than the session
   * time-out.
   */
  readonly fencedRetryMs: number;
}

export interface LanePorts extends TakeOverPorts {
  readonly processor: BatchProcessor;
  /** Limits concurrent work in the database, for all lanes together: one place per record. */
  readonly database: ConcurrencyLimiter;
  /** Limits concurrent publishing to Kafka, for all lanes together: one place per lane. */
  readonly kafka: ConcurrencyLimiter;
  readonly budget: CacheBudget;
  readonly metrics: LedgerMetrics;
  readonly publisher: LanePublisher;
  readonly options: LaneOptions;
  readonly timers: LaneTimers;
  /** Pauses or resumes fetching for the lane. */
  pause(lane: number, topic: string): void;
  resume(lane: number, topic: string): void;
}

/** Work that is not caused by a record, but by an operator or the clock. It runs in steps between two batches. */
export interface LaneTask {
  /** While a task of this kind is waiting, another one is not accepted. */
  readonly kind: string;
  /** When its next step is due, by the lane's `now`. Default: at once. */
  readonly dueAt?: number;
  /** Places in the database that a step takes (`LanePorts.database`). Default: those of a whole batch. */
  readonly places?: number;
  /** @returns whether the task is finished */
  step(lane: TaskContext): Promise<boolean>;
}

export interface TaskContext {
  readonly memory: LaneMemory;
  /** Fetched records that are not processed yet. */
  readonly waiting: number;
  publish(publication: Publication): void;
  /**
   * Waits until everything is published.
   * @throws the error that publishing failed with
   */
  published(): Promise<void>;
}
