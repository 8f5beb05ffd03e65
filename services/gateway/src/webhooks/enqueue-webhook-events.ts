import type { WebhookEventType } from '@subledger/contracts';
import { columns } from '@subledger/database';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { AnyWebhookEvent, WebhookEvent } from './webhook-event.js';

/**
 * Queues an event in the caller's transaction, for every enabled webhook of its main account that subscribes to it.
 * It is sent if that transaction commits. The same `dedupeKey` again queues nothing. Any source of events may call
 * it.
 *
 *
 * @param client on the gateway's schema, in a transaction
 * @returns the number of queued deliveries
 */
export function enqueueWebhookEvent<Type extends WebhookEventType>(
  client: Pick<pg.ClientBase, 'query'>,
  webhookEvent: WebhookEvent<Type>,
): Promise<number> {
  return enqueueWebhookEvents(client, [webhookEvent as unknown as AnyWebhookEvent]);
}

/** The same for many events, in one SQL statement. They are sent in no particular order. */
export async function enqueueWebhookEvents(
  client: Pick<pg.ClientBase, 'query'>,
  webhookEvents: readonly AnyWebhookEvent[],
): Promise<number> {
  if (webhookEvents.length === 0) return 0;
  const { rows: webhooks } = await client.query<{ main_account_id: string; id: string; events: string[] }>(
    'SELECT main_account_id, id, events FROM webhook WHERE main_account_id = ANY($1::text[]) AND enabled ORDER BY id',
    [[...new Set(webhookEvents.map(({ mainAccountId }) => mainAccountId))]],
  );
  const rows = webhookEvents.flatMap((webhookEvent) =>
    webhooks
      .filter((hook) => hook.main_account_id === webhookEvent.mainAccountId)
      .filter((hook) => hook.events.includes(webhookEvent.type))
      .map(({ id }) => ({ ...webhookEvent, webhookId: id })),
  );
  if (rows.length === 0) return 0;
  const { rowCount } = await client.query(
    `INSERT INTO webhook_delivery (main_account_id, id, webhook_id, event, dedupe_key, body)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
     ON CONFLICT DO NOTHING`,
    columns(
      rows,
      (row) => row.mainAccountId,
      newDeliveryId,
      (row) => row.webhookId,
      (row) => row.type,
      (row) => row.dedupeKey,
      bodyOf,
    ),
  );
  return rowCount ?? 0;
}

export const newDeliveryId = (): string => `whd_${uuidv7()}`;

/** The text that is signed and sent. */
export const bodyOf = ({ type, at, data }: Pick<AnyWebhookEvent, 'type' | 'at' | 'data'>): string =>
  JSON.stringify({ type, timestamp: at, data });
