import { applyByHalves, sqlState, withTransaction } from '@subledger/database';
import type { DeadLetterWriter, KafkaRecord } from '@subledger/kafka';
import type { Logger } from '@subledger/service-kit';
import type pg from 'pg';
import { endSessionsOf } from '../access/end-sessions.js';
import { BatchCoalescer } from '../database/batch-coalescer.js';
import { EventParser, type LedgerEvent } from '../events/parse-events.js';
import { notifyChanges } from '../operations/change-notice.js';
import type { PendingRequests } from '../operations/pending-requests.js';
import type { WebhookFeed } from '../webhooks/webhook-feed.js';
import { atOnce, changedBy, changesOnlyFigures } from './apply-at-once.js';
import { applySnapshot } from './apply-snapshot.js';
import type { EarlyOutcomes } from './early-outcomes.js';
import { figureUpserts } from './figure-upserts.js';
import { cleanUpDeleted, finishOperations } from './finish-operations.js';
import { type Fold, foldEvents } from './fold-events.js';
import { foldSnapshot, isOfSnapshot } from './fold-snapshot.js';
import { type PendingOperation, pendingOperations } from './pending-operations.js';
import { runPlanned, runStatement } from './run-statement.js';

/** Maximum events of one transaction, unless a single batch has more. */
const MAX_EVENTS = 2_000;

/**
 * Milliseconds for which events without a waiting request are collected, for fewer transactions with the same rows.
 */
const REST_MS = 20;

export interface ReadModelPools {
  /** For transactions with several SQL statements. */
  readonly steps: pg.Pool;
  /** For batches in one SQL statement. Its plans use indexes only, and are made once. */
  readonly oneStatement: Pick<pg.Pool, 'query'>;
}

/**
 * Applies the ledger's events to the tables that requests read. Safe to repeat, because a batch may come again.
 * Batches of several partitions share a transaction.
 */
export class ReadModel {
  readonly #parser = new EventParser();
  readonly #merged = new BatchCoalescer<LedgerEvent>((events) => this.#applyAll(events), {
    maxItems: MAX_EVENTS,
    isUrgent: (event) => event.data.cause.kind === 'command' && !this.early.wasTold(event),
    restMs: REST_MS,
  });

  constructor(
    private readonly pools: ReadModelPools,
    private readonly deadLetters: Pick<DeadLetterWriter, 'write'>,
    private readonly early: EarlyOutcomes,
    private readonly waiting: Pick<PendingRequests, 'knowsAsOutcomeOnly' | 'wake'>,
    private readonly webhooks: WebhookFeed,
    private readonly log: Logger,
  ) {}

  /** Passes outcomes to waiting requests before the events are applied. */
  notifyEarly(records: readonly KafkaRecord[]): void {
    if (this.early.isWorthwhile(records.length)) this.early.notify(this.#parser.parseEarly(records));
  }

  /** @throws the database's or broker's error: the batch must be delivered again */
  async apply(records: readonly KafkaRecord[]): Promise<void> {
    const { events, bad } = this.#parser.parse(records);
    for (const { record, reason, detail } of bad) {
      this.log.error(
        { reason, partition: record.partition, offset: String(record.offset) },
        'event dead-lettered',
      );
      await this.deadLetters.write(record, reason, detail);
    }
    await this.#merged.add(events);
  }

  async #applyRun(events: readonly LedgerEvent[]): Promise<void> {
    if (events.some(isOfSnapshot)) {
      const snapshot = foldSnapshot(events);
      return withTransaction(this.pools.steps, (client) => applySnapshot(client, snapshot));
    }
    const fold = foldEvents(events, (event) => this.early.wasTold(event));
    const relevant = this.webhooks.eventsWithWebhook(events);
    if (relevant.length > 0) return this.#applyWithWebhooks(events, relevant, fold);
    const pending = changesOnlyFigures(fold) ? await this.#pendingOf(fold) : [];
    if (!changesOnlyFigures(fold) || pending.some((operation) => !operation.isOutcomeOnly))
      return withTransaction(this.pools.steps, (client) => applyStepwise(client, fold));
    const statement = atOnce(fold, pending);
    if (!statement) return;
    await runPlanned(this.pools.oneStatement, statement);
    // Other instances get the notice. Requests of this instance need not wait for it.
    for (const { id, outcome } of pending) this.waiting.wake(id, outcome);
  }

  #pendingOf({ outcomes }: Fold): Promise<PendingOperation[]> {
    return pendingOperations(this.pools.oneStatement, outcomes, (id) => this.waiting.knowsAsOutcomeOnly(id));
  }

  /** Webhook events commit together with the figures, so that neither exists without the other. */
  async #applyWithWebhooks(
    events: readonly LedgerEvent[],
    relevant: readonly LedgerEvent[],
    fold: Fold,
  ): Promise<void> {
    const queued = await withTransaction(this.pools.steps, async (client) => {
      const count = await this.webhooks.note(client, events, relevant);
      await applyStepwise(client, fold);
      return count;
    });
    this.webhooks.queued(queued);
  }

  /** An event that the database refuses must not stop all others of its partition. */
  #applyAll(events: readonly LedgerEvent[]): Promise<void> {
    const apply = async (some: readonly LedgerEvent[]) => {
      for (const run of runsOf(some)) await this.#applyRun(run);
    };
    return applyByHalves(events, apply, async ({ record }, error) => {
      this.log.error({ err: error, offset: String(record.offset) }, 'event cannot be applied, dead-lettered');
      // The error's text may quote the event.
      const code = sqlState(error) ?? (error instanceof Error ? error.name : 'error');
      await this.deadLetters.write(record, 'unprocessable', `it could not be applied (${code})`);
    });
  }
}

/** Separates snapshots from other events, because their comparison needs the state at their position. */
function runsOf(events: readonly LedgerEvent[]): LedgerEvent[][] {
  const runs: LedgerEvent[][] = [];
  for (const event of events) {
    const run = runs.at(-1);
    if (run?.[0] && isOfSnapshot(run[0]) === isOfSnapshot(event)) run.push(event);
    else runs.push([event]);
  }
  return runs;
}

async function applyStepwise(client: pg.PoolClient, fold: Fold): Promise<void> {
  for (const statement of figureUpserts(fold)) await runStatement(client, statement);
  await finishOperations(client, fold.outcomes);
  await cleanUpDeleted(client, fold.subs);
  await endSessionsOf(client, fold.stopped);
  await notifyChanges(client, changedBy(fold));
}
