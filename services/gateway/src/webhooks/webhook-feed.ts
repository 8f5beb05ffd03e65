import type pg from 'pg';
import type { LedgerEvent } from '../events/parse-events.js';
import { enqueueWebhookEvents } from './enqueue-webhook-events.js';
import { findWebhookEvents } from './find-webhook-events.js';
import { lockPositions, readPreviousStates, writeMarks } from './read-previous-states.js';
import type { WebhookListeners } from './webhook-listeners.js';

/** Queues webhook events from the read model's batches, in the batch's own transaction. */
export class WebhookFeed {
  constructor(
    private readonly listeners: Pick<WebhookListeners, 'has' | 'isEmpty'>,
    /** Called after a commit that queued an event. */
    private readonly wake: () => void,
  ) {}

  /** Events of main accounts with a webhook. For most batches there are none. */
  eventsWithWebhook(events: readonly LedgerEvent[]): readonly LedgerEvent[] {
    if (this.listeners.isEmpty) return [];
    return events.filter(({ data }) => this.listeners.has(data.mainAccountId));
  }

  /**
   * Queues the webhook events of a batch. Call it before the batch is written, because it compares with the stored
   * states.
   *
   *
   * @param relevant those of `events` whose main account has a webhook
   */
  async note(
    client: pg.PoolClient,
    events: readonly LedgerEvent[],
    relevant: readonly LedgerEvent[],
  ): Promise<number> {
    const mains = [...new Set(events.map(({ data }) => data.mainAccountId))].sort();
    const positions = await lockPositions(client, mains);
    const before = await readPreviousStates(client, relevant, positions);
    const { webhookEvents, previous } = findWebhookEvents(relevant, before);
    await writeMarks(client, before, previous);
    return enqueueWebhookEvents(client, webhookEvents);
  }

  queued(count: number): void {
    if (count > 0) this.wake();
  }
}
