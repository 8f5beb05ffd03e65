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
import { atOnce, changedBy, isPlain } from './apply-at-once.js';
import { applySnapshot } from './apply-snapshot.js';
import type { EarlyOutcomes } from './early-outcomes.js';
import { figureUpserts } from './figure-upserts.js';
import { cleanUpDeleted, finishOperations } from './finish-operations.js';
import { type Fold, foldEvents } from './fold-events.js';
import { foldSnapshot, isOfSnapshot } from './fold-snapshot.js';
import { type PendingOperation, pendingOperations } from './pending-operations.js';
import { runPlanned, runStatement } from './run-statement.js';

/** Events of one transaction, unless a single batch has more. */
const MAX_EVENTS = 2_000;

/** Events that no request waits for are gathered for so long: fewer transactions for the same rows. */
const REST_MS = 20;

export interface ReadModelPools {
  /** For transactions of several steps. */
  readonly steps: pg.Pool;
  /** For plain batches; its plans go through indexes alone, and are made once. */
  readonly plain: Pick<pg.Pool, 'query'>;
}

/**
 * Takes the ledger's events into the tables that requests read. Safe to repeat: a batch may come again. Batches of
 * several partitions share a transaction.
 */
export class ReadModel {
  private readonly parser = new EventParser();
  private readonly merged = new BatchCoalescer<LedgerEvent>((events) => this.applyAll(events), {
    maxItems: MAX_EVENTS,
    isUrgent: (event) => event.data.cause.kind === 'command' && !this.early.wasTold(event),
    restMs: REST_MS,
  });

  constructor(
    private readonly pools: ReadModelPools,
    private readonly deadLetters: Pick<DeadLetterWriter, 'write'>,
    private readonly early: EarlyOutcomes,
    private readonly waiting: Pick<PendingRequests, 'knowsAsPlain' | 'wake'>,
    private readonly webhooks: WebhookFeed,
    private readonly log: Logger,
  ) {}

  /** Events that have come and will be applied in their turn: requests that only wait to be told need not wait for it. */
  foresee(records: readonly KafkaRecord[]): void {
    if (this.early.isWorthwhile(records.length)) this.early.notify(this.parser.foresee(records));
  }

  /** @throws the database's or broker's error: the batch is to be delivered again */
  async apply(records: readonly KafkaRecord[]): Promise<void> {
    const { events, bad } = this.parser.parse(records);
    for (const { record, reason, detail } of bad) {
      this.log.error(
        { reason, partition: record.partition, offset: String(record.offset) },
        'event dead-lettered',
      );
      await this.deadLetters.write(record, reason, detail);
    }
    await this.merged.add(events);
  }

  private async applyRun(events: readonly LedgerEvent[]): Promise<void> {
    if (events.some(isOfSnapshot)) {
      const snapshot = foldSnapshot(events);
      return withTransaction(this.pools.steps, (client) => applySnapshot(client, snapshot));
    }
    const fold = foldEvents(events, (event) => this.early.wasTold(event));
    const heard = this.webhooks.heardOf(events);
    if (heard.length > 0) return this.applyHeard(events, heard, fold);
    const pending = isPlain(fold) ? await this.pendingOf(fold) : [];
    if (!isPlain(fold) || pending.some((operation) => !operation.isPlain))
      return withTransaction(this.pools.steps, (client) => applyStepwise(client, fold));
    const statement = atOnce(fold, pending);
    if (!statement) return;
    await runPlanned(this.pools.plain, statement);
    // Others hear the notice; who waits here need not wait for it.
    for (const { id, outcome } of pending) this.waiting.wake(id, outcome);
  }

  private pendingOf({ outcomes }: Fold): Promise<PendingOperation[]> {
    return pendingOperations(this.pools.plain, outcomes, (id) => this.waiting.knowsAsPlain(id));
  }

  /** What webhooks are told of commits together with the figures: neither can be without the other. */
  private async applyHeard(
    events: readonly LedgerEvent[],
    heard: readonly LedgerEvent[],
    fold: Fold,
  ): Promise<void> {
    const queued = await withTransaction(this.pools.steps, async (client) => {
      const count = await this.webhooks.note(client, events, heard);
      await applyStepwise(client, fold);
      return count;
    });
    this.webhooks.queued(queued);
  }

  /** An event that the database refuses must not stop all others of its partition. */
  private applyAll(events: readonly LedgerEvent[]): Promise<void> {
    const apply = async (some: readonly LedgerEvent[]) => {
      for (const run of runsOf(some)) await this.applyRun(run);
    };
    return applyByHalves(events, apply, async ({ record }, error) => {
      this.log.error({ err: error, offset: String(record.offset) }, 'event cannot be applied, dead-lettered');
      // The error's text may quote the event.
      const code = sqlState(error) ?? (error instanceof Error ? error.name : 'error');
      await this.deadLetters.write(record, 'unprocessable', `it could not be applied (${code})`);
    });
  }
}

/** Snapshots apart from other events: they are compared with what is there when it is their turn. */
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
