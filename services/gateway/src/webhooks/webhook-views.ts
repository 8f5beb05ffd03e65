import type { WebhookDeliveryView, WebhookView } from '@subledger/contracts';
import type { Webhook, WebhookDelivery } from '../generated/prisma/client.js';

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

export function webhookViewOf(row: Webhook, now: Date): WebhookView {
  const isSigning = row.previousSecretUntil !== null && row.previousSecretUntil > now;
  return {
    id: row.id,
    url: row.url,
    events: row.events as WebhookView['events'],
    description: row.description,
    enabled: row.enabled,
    disabledReason: row.disabledReason as WebhookView['disabledReason'],
    disabledAt: iso(row.disabledAt),
    failingSince: iso(row.failingSince),
    previousSecretUntil: isSigning ? iso(row.previousSecretUntil) : null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

export function deliveryViewOf(row: WebhookDelivery): WebhookDeliveryView {
  return {
    id: row.id,
    event: row.event as WebhookDeliveryView['event'],
    status: row.status as WebhookDeliveryView['status'],
    attempts: row.attempts,
    responseStatus: row.responseStatus,
    durationMs: row.durationMs,
    error: row.error as WebhookDeliveryView['error'],
    // During an attempt the column contains the end of its lease.
    nextAttemptAt: row.leaseId === null ? iso(row.nextAttemptAt) : null,
    createdAt: row.createdAt.toISOString(),
    finishedAt: iso(row.finishedAt),
  };
}
