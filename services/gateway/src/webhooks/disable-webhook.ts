import type { WebhookDisabledReason } from '@subledger/contracts';
import type pg from 'pg';
import type { Transaction } from '../database/transaction.js';
import { Prisma } from '../generated/prisma/client.js';

type Client = Pick<pg.ClientBase, 'query'>;

/** Switches a webhook off in the caller's transaction, and gives up its queued deliveries. */
export async function disableWebhook(
  client: Client,
  mainAccountId: string,
  webhookId: string,
  reason: WebhookDisabledReason,
): Promise<void> {
  await client.query(
    `UPDATE webhook SET enabled = false, disabled_reason = $3, disabled_at = now(), updated_at = now()
      WHERE main_account_id = $1 AND id = $2 AND enabled`,
    [mainAccountId, webhookId, reason],
  );
  await failPending(client, mainAccountId, webhookId);
}

/** Queued deliveries of a webhook without a running attempt. A running attempt ends by itself. */
const GIVE_UP = `UPDATE webhook_delivery
    SET status = 'failed', error = 'webhook-disabled', finished_at = now(), next_attempt_at = NULL, lease_id = NULL
  WHERE status = 'pending' AND (lease_id IS NULL OR next_attempt_at <= now())`;

async function failPending(client: Client, mainAccountId: string, webhookId: string): Promise<void> {
  await client.query(`${GIVE_UP} AND main_account_id = $1 AND webhook_id = $2`, [mainAccountId, webhookId]);
}

/** The same in a transaction of Prisma. */
export async function failPendingWithin(
  tx: Transaction,
  mainAccountId: string,
  webhookId: string,
): Promise<void> {
  await tx.$executeRaw`${Prisma.raw(GIVE_UP)} AND main_account_id = ${mainAccountId} AND webhook_id = ${webhookId}`;
}
