import { isTransientError, type Statement, withTransaction } from '@subledger/database';
import type { DeadLetterWriter, KafkaRecord } from '@subledger/kafka';
import type { Logger } from '@subledger/service-kit';
import type pg from 'pg';
import { endSessionsOf } from '../access/end-sessions.js';
import { tellChanges } from '../streams/change-notice.js';
import { atOnce, changedBy, isPlain } from './apply-at-once.js';
import type { EarlyOutcomes } from './early-outcomes.js';
import { cleanUpDeleted, finishOperations } from './finish-operations.js';
import { type Fold, foldEvents } from './fold-events.js';
import { MergedWork } from './merged-work.js';
import { EventParser, type LedgerEvent } from './parse-events.js';
import { mainsUpsert, subsUpsert, transfersInsert } from './upserts.js';

/** Events of one transaction, unless a single batch has more. */
const MAX_EVENTS = 2_000;

/** Events that no request waits for are gathered for so long: fewer transactions for the same rows. */
const REST_MS = 20;

/**
 * Takes the ledger's events into the tables that requests read. Safe to repeat: a batch may come again. Batches of
 * several partitions share a transaction.
 */
export class ReadModel {
  private readonly parser = new EventParser();
  private readonly merged = new MergedWork<LedgerEvent>((events) => this.applyOrHalve(events), {
    maxItems: MAX_EVENTS,
    isUrgent: (event) => event.data.cause.kind === 'command' && !this.early.wasTold(event),
    restMs: REST_MS,
  });

  constructor(
    private readonly pool: pg.Pool,
    private readonly deadLetters: Pick<DeadLetterWriter, 'write'>,
    private readonly early: EarlyOutcomes,
    private readonly log: Logger,
  ) {}

  /** Events that have come and will be applied in their turn: requests that only wait to be told need not wait for it. */
  foresee(records: readonly KafkaRecord[]): void {
    if (this.early.isWorthwhile(records.length)) this.early.tell(this.parser.parse(records).events);
  }

  /** @throws the database's or broker's error: the batch is to be delivered again */
  async apply(records: readonly KafkaRecord[]): Promise<void> {
    const { events, bad } = this.parser.parse(records);
    for (const { record, reason, detail } of bad) {
      this.log.error(
        { reason, partition: record.partition, offset: String(record.offset) },
        'event put away',
      );
      await this.deadLetters.write(record, reason, detail);
    }
    await this.merged.add(events);
  }

  private async applyFold(fold: Fold): Promise<void> {
    if (!isPlain(fold)) return withTransaction(this.pool, (client) => applyStepwise(client, fold));
    const statement = atOnce(fold);
    if (statement) await run(this.pool, statement);
  }

  /** An event that the database refuses must not stop all others of its partition: it is found by halving. */
  private async applyOrHalve(events: readonly LedgerEvent[]): Promise<void> {
    if (events.length === 0) return;
    try {
      await this.applyFold(foldEvents(events, (event) => this.early.wasTold(event)));
    } catch (error) {
      if (isTransientError(error)) throw error;
      const [only] = events;
      if (events.length === 1 && only) {
        this.log.error(
          { err: error, offset: String(only.record.offset) },
          'event cannot be applied, put away',
        );
        await this.deadLetters.write(only.record, 'unprocessable', String(error));
        return;
      }
      const middle = Math.ceil(events.length / 2);
      await this.applyOrHalve(events.slice(0, middle));
      await this.applyOrHalve(events.slice(middle));
    }
  }
}

/** Without its name, so that it is planned anew: a plan made while a table was empty would read all of it later. */
const run = (client: Pick<pg.ClientBase, 'query'>, { text, values }: Statement) => client.query(text, values);

async function applyStepwise(client: pg.PoolClient, fold: Fold): Promise<void> {
  if (fold.mains.length > 0) await run(client, mainsUpsert(fold.mains));
  if (fold.subs.length > 0) await run(client, subsUpsert(fold.subs));
  if (fold.transfers.length > 0) await run(client, transfersInsert(fold.transfers));
  await finishOperations(client, fold.outcomes);
  await cleanUpDeleted(client, fold.subs);
  await endSessionsOf(client, fold.stopped);
  await tellChanges(client, changedBy(fold));
}
