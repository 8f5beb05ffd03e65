import { MAX_WEBHOOKS } from '@subledger/contracts';
import { v7 as uuidv7 } from 'uuid';
import { decodeCursor, page } from '../database/cursor.js';
import type { Transaction } from '../database/transaction.js';
import type { PrismaClient, Webhook } from '../generated/prisma/client.js';
import type { MainAccountsStore } from '../main-accounts/main-accounts-store.js';
import { OUTCOME_CHANNEL } from '../operations/outcome-channel.js';
import { encodeNotice } from '../operations/outcome-notice.js';
import type { WriteRunner } from '../operations/write-runner.js';
import type { Answer } from '../request/idempotency.js';
import { ProblemError } from '../request/problem.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { failPendingWithin } from './disable-webhook.js';
import type { WebhookListeners } from './webhook-listeners.js';
import { newWebhookSecret, type WebhookSecrets } from './webhook-secrets.js';
import { problemOfUrl, type UrlRules } from './webhook-url.js';
import { webhookViewOf } from './webhook-views.js';

const PREVIOUS_SECRET_MS = 24 * 3_600_000;

/** The parts of webhooks that `startGateway` made. */
export interface WebhookParts {
  readonly secrets: WebhookSecrets;
  readonly rules: UrlRules;
  readonly listeners: Pick<WebhookListeners, 'add'>;
  /** Looks for due deliveries now. */
  readonly wake: () => void;
}

/** Webhooks of customers. */
export class WebhooksService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly mains: MainAccountsStore,
    private readonly runner: WriteRunner,
    private readonly parts: WebhookParts,
  ) {}

  async create(request: ValidatedRequest<'createWebhook'>): Promise<Answer> {
    const { id: mainAccountId } = request.params;
    const { url, events, description } = request.body;
    await this.mains.get(mainAccountId);
    this.#requireUrl(url);
    const answer = await this.runner.runLocal(request, {
      mainAccountId,
      made: ({ body }) => ({ webhook: (body as { id: string }).id }),
      apply: async (tx) => {
        // Locked, because otherwise two concurrent requests could both take the last allowed place.
        await tx.$queryRaw`SELECT 1 FROM main_account WHERE id = ${mainAccountId} FOR NO KEY UPDATE`;
        const count = await tx.webhook.count({ where: { mainAccountId } });
        if (count >= MAX_WEBHOOKS) throw new ProblemError('too-many-webhooks');
        const id = `wh_${uuidv7()}`;
        const secret = newWebhookSecret();
        const sealed = this.parts.secrets.seal(secret, id);
        const row = await tx.webhook.create({
          data: { mainAccountId, id, url, events, description: description ?? '', secret: sealed },
        });
        await notifyListeners(tx, mainAccountId);
        return {
          status: 201,
          headers: { location: `/v1/main-accounts/${mainAccountId}/webhooks/${id}` },
          body: { ...webhookViewOf(row, new Date()), secret },
        };
      },
    });
    this.parts.listeners.add(mainAccountId);
    return answer;
  }

  async list(request: ValidatedRequest<'listWebhooks'>) {
    const { id: mainAccountId } = request.params;
    const { limit, cursor } = request.query;
    await this.mains.get(mainAccountId);
    const [after] = decodeCursor(cursor, 'webhooks', 1) ?? [];
    const rows = await this.prisma.webhook.findMany({
      where: { mainAccountId, ...(after === undefined ? {} : { id: { gt: after } }) },
      orderBy: { id: 'asc' },
      take: limit + 1,
    });
    const now = new Date();
    return page(
      rows,
      limit,
      (row) => webhookViewOf(row, now),
      (row) => ({ list: 'webhooks', keys: [row.id] }),
    );
  }

  async get(mainAccountId: string, id: string) {
    return webhookViewOf(await requireWebhook(this.prisma, mainAccountId, id), new Date());
  }

  async patch(request: ValidatedRequest<'patchWebhook'>): Promise<Answer> {
    const { id: mainAccountId, webhook: id } = request.params;
    const { url, events, description, enabled } = request.body;
    await requireWebhook(this.prisma, mainAccountId, id);
    if (url !== undefined) this.#requireUrl(url);
    const answer = await this.runner.runLocal(request, {
      mainAccountId,
      was: (tx) => settingsOf(tx, mainAccountId, id),
      apply: async (tx) => {
        await lockWebhook(tx, mainAccountId, id);
        const before = await requireWebhook(tx, mainAccountId, id);
        const now = new Date();
        const row = await tx.webhook.update({
          where: { mainAccountId_id: { mainAccountId, id } },
          data: {
            ...(url === undefined ? {} : { url }),
            ...(events === undefined ? {} : { events }),
            ...(description === undefined ? {} : { description }),
            ...switched(before.enabled, enabled, now),
            updatedAt: now,
          },
        });
        if (!row.enabled) await failPendingWithin(tx, mainAccountId, id);
        else await notifyListeners(tx, mainAccountId);
        return { status: 200, body: webhookViewOf(row, now) };
      },
    });
    this.parts.listeners.add(mainAccountId);
    return answer;
  }

  async delete(request: ValidatedRequest<'deleteWebhook'>): Promise<Answer> {
    const { id: mainAccountId, webhook: id } = request.params;
    return this.runner.runLocal(request, {
      mainAccountId,
      was: (tx) => settingsOf(tx, mainAccountId, id),
      apply: async (tx) => {
        const { count } = await tx.webhook.deleteMany({ where: { mainAccountId, id } });
        if (count === 0) throw ProblemError.notFound();
        // The rest of its log is no longer reachable, and is deleted by age.
        await failPendingWithin(tx, mainAccountId, id);
        return { status: 204 };
      },
    });
  }

  async rotateSecret(request: ValidatedRequest<'rotateWebhookSecret'>): Promise<Answer> {
    const { id: mainAccountId, webhook: id } = request.params;
    return this.runner.runLocal(request, {
      mainAccountId,
      apply: async (tx) => {
        await lockWebhook(tx, mainAccountId, id);
        const before = await requireWebhook(tx, mainAccountId, id);
        const secret = newWebhookSecret();
        const now = new Date();
        const previousSecretUntil = new Date(now.getTime() + PREVIOUS_SECRET_MS);
        await tx.webhook.update({
          where: { mainAccountId_id: { mainAccountId, id } },
          data: {
            secret: this.parts.secrets.seal(secret, id),
            previousSecret: before.secret,
            previousSecretUntil,
            updatedAt: now,
          },
        });
        return {
          status: 200,
          body: { id, secret, previousSecretUntil: previousSecretUntil.toISOString() },
        };
      },
    });
  }

  /** @throws ProblemError `validation-failed` */
  #requireUrl(url: string): void {
    const message = problemOfUrl(url, this.parts.rules);
    if (message !== undefined) throw ProblemError.invalid([{ path: 'url', message }]);
  }
}

/** @throws ProblemError `not-found` if this main account has no such webhook */
export async function requireWebhook(
  tx: Pick<Transaction, 'webhook'>,
  mainAccountId: string,
  id: string,
): Promise<Webhook> {
  const row = await tx.webhook.findUnique({ where: { mainAccountId_id: { mainAccountId, id } } });
  if (!row) throw ProblemError.notFound();
  return row;
}

async function lockWebhook(tx: Transaction, mainAccountId: string, id: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM webhook WHERE main_account_id = ${mainAccountId} AND id = ${id} FOR UPDATE`;
}

/** Notifies the other instances of an enabled webhook. */
async function notifyListeners(tx: Transaction, mainAccountId: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_notify(${OUTCOME_CHANNEL}, ${encodeNotice({ listens: mainAccountId })})`;
}

/** Switching on an enabled webhook changes nothing, least of all since when it has been failing. */
function switched(before: boolean, enabled: boolean | undefined, now: Date) {
  if (enabled === undefined || enabled === before) return {};
  return enabled
    ? { enabled, disabledReason: null, disabledAt: null, failingSince: null }
    : { enabled, disabledReason: 'by-request', disabledAt: now };
}

/** The settings that the audit log may show. */
async function settingsOf(tx: Transaction, mainAccountId: string, id: string): Promise<object | undefined> {
  const select = { events: true, description: true, enabled: true };
  return (await tx.webhook.findFirst({ where: { mainAccountId, id }, select })) ?? undefined;
}
