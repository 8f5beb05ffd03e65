import { decodeCursor, page } from '../database/cursor.js';
import type { Transaction } from '../database/transaction.js';
import { Prisma, type PrismaClient, type WebhookDelivery } from '../generated/prisma/client.js';
import type { WriteRunner } from '../operations/write-runner.js';
import type { Answer } from '../request/idempotency.js';
import { ProblemError } from '../request/problem.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { bodyOf, newDeliveryId } from './enqueue-webhook-events.js';
import { deliveryViewOf } from './webhook-views.js';
import { requireWebhook, type WebhookParts } from './webhooks.service.js';

/** The log of a webhook, and deliveries at a customer's request. */
export class WebhookDeliveriesService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly runner: WriteRunner,
    private readonly parts: Pick<WebhookParts, 'wake'>,
  ) {}

  /** Newest first: ids are ordered by time. */
  async list(request: ValidatedRequest<'listWebhookDeliveries'>) {
    const { id: mainAccountId, webhook: webhookId } = request.params;
    const { limit, cursor, status } = request.query;
    await requireWebhook(this.prisma, mainAccountId, webhookId);
    const list = `webhook-deliveries:${webhookId}`;
    const [before] = decodeCursor(cursor, list, 1) ?? [];
    const rows = await this.prisma.webhookDelivery.findMany({
      where: {
        mainAccountId,
        webhookId,
        ...(status === undefined ? {} : { status }),
        ...(before === undefined ? {} : { id: { lt: before } }),
      },
      orderBy: { id: 'desc' },
      take: limit + 1,
    });
    return page(rows, limit, deliveryViewOf, (row) => ({ list, keys: [row.id] }));
  }

  async get({ params }: ValidatedRequest<'getWebhookDelivery'>) {
    await requireWebhook(this.prisma, params.id, params.webhook);
    return deliveryViewOf(await requireDelivery(this.prisma, params));
  }

  /** A delivery with a running attempt is left to it. Any other is due at once, with 24 hours of attempts. */
  async redeliver(request: ValidatedRequest<'redeliverWebhook'>): Promise<Answer> {
    const { params } = request;
    const answer = await this.runner.runLocal(request, {
      mainAccountId: params.id,
      apply: async (tx) => {
        await this.#requireEnabled(tx, params.id, params.webhook);
        await requireDelivery(tx, params);
        await tx.$executeRaw(Prisma.sql`
          UPDATE webhook_delivery
             SET status = 'pending', attempts = 0, next_attempt_at = now(), retries_from = now(), lease_id = NULL,
                 finished_at = NULL
           WHERE main_account_id = ${params.id} AND id = ${params.delivery}
             AND (lease_id IS NULL OR next_attempt_at <= now())`);
        return { status: 200, body: deliveryViewOf(await requireDelivery(tx, params)) };
      },
    });
    this.parts.wake();
    return answer;
  }

  async ping(request: ValidatedRequest<'pingWebhook'>): Promise<Answer> {
    const { id: mainAccountId, webhook: webhookId } = request.params;
    const answer = await this.runner.runLocal(request, {
      mainAccountId,
      made: ({ body }) => ({ delivery: (body as { id: string }).id }),
      apply: async (tx) => {
        await this.#requireEnabled(tx, mainAccountId, webhookId);
        const id = newDeliveryId();
        const event = 'webhook.ping';
        const at = new Date().toISOString();
        const body = bodyOf({ type: event, at, data: { mainAccountId, webhookId } });
        const row = await tx.webhookDelivery.create({
          data: { mainAccountId, id, webhookId, event, dedupeKey: id, body },
        });
        const path = `/v1/main-accounts/${mainAccountId}/webhooks/${webhookId}/deliveries/${id}`;
        return { status: 201, headers: { location: path }, body: deliveryViewOf(row) };
      },
    });
    this.parts.wake();
    return answer;
  }

  /** @throws ProblemError `not-found`, or `webhook-disabled` if it is off */
  async #requireEnabled(tx: Transaction, mainAccountId: string, webhookId: string): Promise<void> {
    const { enabled } = await requireWebhook(tx, mainAccountId, webhookId);
    if (!enabled) throw new ProblemError('webhook-disabled');
  }
}

/** @throws ProblemError `not-found` if this webhook of this main account has no such delivery */
async function requireDelivery(
  tx: Pick<Transaction, 'webhookDelivery'>,
  { id: mainAccountId, webhook, delivery }: { id: string; webhook: string; delivery: string },
): Promise<WebhookDelivery> {
  const row = await tx.webhookDelivery.findUnique({
    where: { mainAccountId_id: { mainAccountId, id: delivery } },
  });
  if (!row || row.webhookId !== webhook) throw ProblemError.notFound();
  return row;
}
