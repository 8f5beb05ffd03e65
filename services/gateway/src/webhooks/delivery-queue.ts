import { randomUUID } from 'node:crypto';
import { withTransaction } from '@subledger/database';
import type pg from 'pg';
import { disableWebhook } from './disable-webhook.js';
import { retryDelayMs } from './retry-delay.js';
import type { SendResult } from './send-webhook.js';

/** A delivery that this instance attempts. */
export interface Claimed {
  readonly main_account_id: string;
  readonly id: string;
  readonly webhook_id: string;
  readonly body: string;
  readonly attempts: number;
  readonly lease_id: string;
  /** Null if the webhook was deleted. */
  readonly enabled: boolean | null;
  readonly url: string | null;
  readonly secret: Uint8Array | null;
  readonly previous_secret: Uint8Array | null;
}

/** Number of running attempts, in total and per holder. */
export interface Load {
  readonly mains: ReadonlyMap<string, number>;
  readonly webhooks: ReadonlyMap<string, number>;
}

export interface QueueOptions {
  /** Maximum concurrent attempts of one main account, and of one webhook. */
  readonly perMain: number;
  readonly perWebhook: number;
  /** Milliseconds after which an attempt counts as lost, together with its instance. */
  readonly leaseMs: number;
  readonly retryFirstMs: number;
  readonly retryForMs: number;
  /** Days of failures only after which a webhook is switched off. */
  readonly disableAfterDays: number;
  readonly keepDays: number;
}

const CLEAN_ROWS = 5_000;

/** The table of deliveries as a queue. The database's clock decides what is due, for all instances. */
export class DeliveryQueue {
  constructor(
    private readonly pool: pg.Pool,
    private readonly options: QueueOptions,
  ) {}

  /**
   * Claims due deliveries with a lease. Until it ends, no other instance claims them. Deliveries of a main account or
   * webhook with its maximum of attempts are skipped, so that a slow receiver's backlog does not block others.
   */
  async claim(count: number, load: Load): Promise<Claimed[]> {
    const { perMain, perWebhook, leaseMs } = this.options;
    const full = (counts: ReadonlyMap<string, number>, most: number) =>
      [...counts].filter(([, running]) => running >= most).map(([id]) => id);
    const { rows } = await this.pool.query<Claimed>(
      `WITH due AS MATERIALIZED (
         SELECT main_account_id, id, webhook_id, next_attempt_at FROM webhook_delivery
          WHERE next_attempt_at <= now() AND main_account_id <> ALL($1::text[]) AND webhook_id <> ALL($2::text[])
          ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED),
       ranked AS (
         SELECT due.main_account_id, due.id,
                coalesce(m.running, 0) + row_number() OVER (PARTITION BY due.main_account_id ORDER BY due.next_attempt_at, due.id) AS of_main,
                coalesce(w.running, 0) + row_number() OVER (PARTITION BY due.webhook_id ORDER BY due.next_attempt_at, due.id) AS of_webhook
           FROM due
           LEFT JOIN unnest($4::text[], $5::int[]) AS m (id, running) ON m.id = due.main_account_id
           LEFT JOIN unnest($6::text[], $7::int[]) AS w (id, running) ON w.id = due.webhook_id),
       claimed AS (
         UPDATE webhook_delivery d
            SET lease_id = $8, next_attempt_at = now() + make_interval(secs => $9), attempts = d.attempts + 1
           FROM ranked r
          WHERE d.main_account_id = r.main_account_id AND d.id = r.id AND r.of_main <= $10 AND r.of_webhook <= $11
         RETURNING d.main_account_id, d.id, d.webhook_id, d.body, d.attempts, d.lease_id)
       SELECT c.*, h.enabled, h.url, h.secret,
              CASE WHEN h.previous_secret_until > now() THEN h.previous_secret END AS previous_secret
         FROM claimed c LEFT JOIN webhook h ON h.main_account_id = c.main_account_id AND h.id = c.webhook_id`,
      [
        full(load.mains, perMain),
        full(load.webhooks, perWebhook),
        count,
        [...load.mains.keys()],
        [...load.mains.values()],
        [...load.webhooks.keys()],
        [...load.webhooks.values()],
        randomUUID(),
        leaseMs / 1_000,
        perMain,
        perWebhook,
      ],
    );
    return rows;
  }

  /** Does nothing if the lease is lost: the new holder stores the outcome. */
  async succeeded(claimed: Claimed, { responseStatus, durationMs }: SendResult): Promise<void> {
    await this.pool.query(
      `WITH ended AS (
         UPDATE webhook_delivery
            SET status = 'succeeded', error = NULL, response_status = $4, duration_ms = $5, finished_at = now(),
                next_attempt_at = NULL, lease_id = NULL
          WHERE main_account_id = $1 AND id = $2 AND lease_id = $3
         RETURNING webhook_id)
       UPDATE webhook h SET failing_since = NULL FROM ended
        WHERE h.main_account_id = $1 AND h.id = ended.webhook_id AND h.failing_since IS NOT NULL`,
      [claimed.main_account_id, claimed.id, claimed.lease_id, responseStatus, durationMs],
    );
  }

  /** Schedules the next attempt, or gives up. Switches its webhook off after too many days of failures. */
  async failed(claimed: Claimed, result: SendResult): Promise<void> {
    const { main_account_id: mainAccountId, webhook_id: webhookId } = claimed;
    await withTransaction(this.pool, async (client) => {
      // Locks the webhook first, in the same order as switching it off.
      const { rows } = await client.query<{ enabled: boolean; is_late: boolean }>(
        `UPDATE webhook SET failing_since = coalesce(failing_since, now())
          WHERE main_account_id = $1 AND id = $2
         RETURNING enabled, failing_since <= now() - make_interval(days => $3) AS is_late`,
        [mainAccountId, webhookId, this.options.disableAfterDays],
      );
      const [webhook] = rows;
      const isGone = result.responseStatus === 410;
      const status = await this.#putOff(client, claimed, result, isGone || !webhook?.enabled);
      if (!webhook?.enabled || status === undefined) return;
      if (isGone) await disableWebhook(client, mainAccountId, webhookId, 'gone');
      else if (status === 'failed' && webhook.is_late)
        await disableWebhook(client, mainAccountId, webhookId, 'failing');
    });
  }

  /** Its webhook is off or deleted. Nothing was sent, so it does not count as an attempt. */
  async dropped({ main_account_id, id, lease_id }: Claimed): Promise<void> {
    await this.pool.query(
      `UPDATE webhook_delivery
          SET status = 'failed', error = 'webhook-disabled', finished_at = now(), next_attempt_at = NULL,
              lease_id = NULL, attempts = attempts - 1
        WHERE main_account_id = $1 AND id = $2 AND lease_id = $3`,
      [main_account_id, id, lease_id],
    );
  }

  /** @returns its new state, or undefined if the lease was lost */
  async #putOff(
    client: pg.PoolClient,
    claimed: Claimed,
    { responseStatus, durationMs, error }: SendResult,
    isFinal: boolean,
  ): Promise<string | undefined> {
    const { retryFirstMs, retryForMs } = this.options;
    const { rows } = await client.query<{ status: string }>(
      `UPDATE webhook_delivery d
          SET error = $4, response_status = $5, duration_ms = $6, lease_id = NULL,
              status = CASE WHEN x.is_final THEN 'failed' ELSE 'pending' END,
              finished_at = CASE WHEN x.is_final THEN now() END,
              next_attempt_at = CASE WHEN x.is_final THEN NULL
                ELSE least(now() + make_interval(secs => $7), x.until) END
         FROM (SELECT $8::bool OR now() >= retries_from + make_interval(secs => $9) AS is_final,
                      retries_from + make_interval(secs => $9) AS until
                 FROM webhook_delivery WHERE main_account_id = $1 AND id = $2) AS x
        WHERE d.main_account_id = $1 AND d.id = $2 AND d.lease_id = $3
       RETURNING d.status`,
      [
        claimed.main_account_id,
        claimed.id,
        claimed.lease_id,
        error,
        responseStatus,
        durationMs,
        retryDelayMs(claimed.attempts, retryFirstMs, Math.random()) / 1_000,
        isFinal,
        retryForMs / 1_000,
      ],
    );
    return rows[0]?.status;
  }

  /** Deletes old finished deliveries. Call it until it returns false. */
  async clean(): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `DELETE FROM webhook_delivery WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM webhook_delivery
          WHERE created_at < now() - make_interval(days => $1) AND next_attempt_at IS NULL LIMIT $2))`,
      [this.options.keepDays, CLEAN_ROWS],
    );
    return rowCount === CLEAN_ROWS;
  }
}
