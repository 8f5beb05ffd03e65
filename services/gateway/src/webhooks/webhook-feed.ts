import type pg from 'pg';
import type { LedgerEvent } from '../events/parse-events.js';
import { enqueueWebhookEvents } from './enqueue-webhook-events.js';
import { findOccurrences } from './find-occurrences.js';
import { lockPositions, readStanding, writeMarks } from './read-standing.js';
import type { WebhookListeners } from './webhook-listeners.js';

/** Takes the read model's batches to the webhooks, in the batch's own transaction. */
export class WebhookFeed {
  constructor(
    private readonly listeners: Pick<WebhookListeners, 'has' | 'isEmpty'>,
    /** Called after a commit that queued something. */
    private readonly wake: () => void,
  ) {}

  /** Events of main accounts that have a webhook: of most batches none. */
  heardOf(events: readonly LedgerEvent[]): readonly LedgerEvent[] {
    if (this.listeners.isEmpty) return [];
    return events.filter(({ data }) => this.listeners.has(data.mainAccountId));
  }

  /**
   * Queues what a batch has for webhooks. Call it before the batch is written: it compares with what is stored.
   *
   * @param heard those of `events` that somebody listens to
   */
  async note(
    client: pg.PoolClient,
    events: readonly LedgerEvent[],
    heard: readonly LedgerEvent[],
  ): Promise<number> {
    const mains = [...new Set(events.map(({ data }) => data.mainAccountId))].sort();
    const positions = await lockPositions(client, mains);
    const before = await readStanding(client, heard, positions);
    const { occurrences, standing } = findOccurrences(heard, before);
    await writeMarks(client, before, standing);
    return enqueueWebhookEvents(client, occurrences);
  }

  queued(count: number): void {
    if (count > 0) this.wake();
  }
}
