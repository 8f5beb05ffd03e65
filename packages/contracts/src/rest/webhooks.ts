import { z } from 'zod';
import { instant, storableText } from '../scalars.js';
import { listOf, paging } from './fields.js';
import { WEBHOOK_EVENT_TYPES, WEBHOOK_EVENTS } from './webhook-events.js';

/** Maximum webhooks of one main account. */
export const MAX_WEBHOOKS = 10;
const MAX_URL_CHARACTERS = 2_048;

export const webhookId = z
  .string()
  .regex(/^wh_[0-9A-Za-z_-]{1,64}$/, 'must be a webhook id (wh_…)')
  .meta({
    id: 'WebhookId',
    description: 'Id of a webhook',
    examples: ['wh_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f33'],
  });
export const webhookDeliveryId = z
  .string()
  .regex(/^whd_[0-9A-Za-z_-]{1,64}$/, 'must be a delivery id (whd_…)')
  .meta({
    id: 'WebhookDeliveryId',
    description: 'Id of a delivery; also its header webhook-id, the same at every attempt',
    examples: ['whd_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f44'],
  });

const url = storableText(MAX_URL_CHARACTERS)
  .regex(/^https?:\/\/[^\s\\]+$/, 'must be a URL that begins with https://')
  .meta({
    id: 'WebhookUrl',
    description: 'Where events are POSTed: https, without credentials or fragment, at a public address',
    examples: ['https://hooks.example.com/subledger'],
  });
const events = z
  .array(z.enum(WEBHOOK_EVENTS))
  .min(1)
  .max(WEBHOOK_EVENTS.length)
  .refine((list) => new Set(list).size === list.length, 'must not name an event twice')
  .meta({
    id: 'WebhookEvents',
    description: 'Events that it is told of',
    uniqueItems: true,
    examples: [['limit.reached-80', 'limit.exceeded']],
  });
const description = storableText(200).meta({
  id: 'WebhookDescription',
  description: 'A note for people',
  examples: ['Alarms of the sales team'],
});
const secret = z.string().meta({
  id: 'WebhookSecret',
  description: 'Key of the signatures (Standard Webhooks: base64 after whsec_); it is shown this once',
  examples: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw2n1c0t9bQzA='],
});

export const createWebhook = z
  .strictObject({ url, events, description: description.optional() })
  .meta({ id: 'CreateWebhook' });

export const patchWebhook = z
  .strictObject({
    url: url.optional(),
    events: events.optional(),
    description: description.optional(),
    enabled: z
      .boolean()
      .optional()
      .meta({
        description: 'false stops it and gives up what is pending; true starts it (again)',
        examples: [true],
      }),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), 'must change something')
  .meta({ id: 'PatchWebhook', minProperties: 1 });

/** Why a webhook is off: the customer switched it off, its endpoint answered 410, or it failed for days. */
export const WEBHOOK_DISABLED_REASONS = ['by-request', 'gone', 'failing'] as const;
export type WebhookDisabledReason = (typeof WEBHOOK_DISABLED_REASONS)[number];

const webhookFields = {
  id: webhookId,
  url,
  events,
  description,
  enabled: z.boolean().meta({ description: 'Whether events are queued and sent', examples: [true] }),
  disabledReason: z
    .enum(WEBHOOK_DISABLED_REASONS)
    .nullable()
    .meta({
      description:
        'Why it is off: `by-request`; `gone`: it answered 410; `failing`: nothing got through for days. Null while on',
      examples: ['failing'],
    }),
  disabledAt: instant.nullable().meta({
    description: 'When it was switched off; null while on',
    examples: ['2026-11-28T09:00:00.000Z'],
  }),
  failingSince: instant.nullable().meta({
    description: 'First failed attempt since the last success; null where the last one succeeded',
    examples: ['2026-11-23T09:00:00.000Z'],
  }),
  previousSecretUntil: instant.nullable().meta({
    description: 'Until when the secret before the last rotation signs too; null where there is none',
    examples: ['2026-11-24T09:00:00.000Z'],
  }),
  createdAt: instant.meta({ description: 'When it was made', examples: ['2026-11-23T09:00:00.000Z'] }),
  updatedAt: instant.meta({
    description: 'When its settings changed last',
    examples: ['2026-11-23T09:00:00.000Z'],
  }),
};
export const webhookView = z.object(webhookFields).meta({ id: 'Webhook' });
export type WebhookView = z.infer<typeof webhookView>;
export const webhookList = listOf('WebhookList', webhookView);
export const createdWebhook = z.object({ ...webhookFields, secret }).meta({ id: 'CreatedWebhook' });

export const rotatedSecret = z
  .object({
    id: webhookId,
    secret,
    previousSecretUntil: instant.meta({
      description: 'Until when the secret before it signs too',
      examples: ['2026-11-24T09:00:00.000Z'],
    }),
  })
  .meta({ id: 'RotatedWebhookSecret' });

/** `failed` is final: attempts failed for 24 hours, or the webhook was switched off (docs/decisions/0016). */
export const WEBHOOK_DELIVERY_STATUSES = ['pending', 'succeeded', 'failed'] as const;
export type WebhookDeliveryStatus = (typeof WEBHOOK_DELIVERY_STATUSES)[number];
/** Why an attempt failed. */
export const WEBHOOK_DELIVERY_ERRORS = [
  'bad-status',
  'redirect',
  'timeout',
  'connection-failed',
  'name-not-resolved',
  'address-refused',
  'webhook-disabled',
  'secret-unreadable',
] as const;
export type WebhookDeliveryError = (typeof WEBHOOK_DELIVERY_ERRORS)[number];

export const webhookDelivery = z
  .object({
    id: webhookDeliveryId,
    event: z
      .enum(WEBHOOK_EVENT_TYPES)
      .meta({ description: 'Type of the event', examples: ['limit.reached-80'] }),
    status: z
      .enum(WEBHOOK_DELIVERY_STATUSES)
      .meta({ description: '`pending` is tried (again); the others are final', examples: ['succeeded'] }),
    attempts: z
      .int()
      .min(0)
      .meta({ description: 'Attempts begun since it was queued, or redelivered', examples: [1] }),
    responseStatus: z
      .int()
      .nullable()
      .meta({ description: 'HTTP status of the last answer; null where there was none', examples: [200] }),
    durationMs: z
      .int()
      .min(0)
      .nullable()
      .meta({ description: 'Milliseconds that the last attempt took; null before it', examples: [84] }),
    error: z
      .enum(WEBHOOK_DELIVERY_ERRORS)
      .nullable()
      .meta({
        description:
          'Why the last attempt did not succeed. `address-refused`: the name leads to an address that is not public',
        examples: ['timeout'],
      }),
    nextAttemptAt: instant.nullable().meta({
      description: 'When it is tried next; null once it is final, and while an attempt runs',
      examples: ['2026-11-23T09:00:05.000Z'],
    }),
    createdAt: instant.meta({ description: 'When it was queued', examples: ['2026-11-23T09:00:00.000Z'] }),
    finishedAt: instant.nullable().meta({
      description: 'When it succeeded or failed for good',
      examples: ['2026-11-23T09:00:00.500Z'],
    }),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDeliveryView = z.infer<typeof webhookDelivery>;
export const webhookDeliveryList = listOf('WebhookDeliveryList', webhookDelivery);
export const webhookDeliveryQuery = z.strictObject({
  ...paging,
  status: z
    .enum(WEBHOOK_DELIVERY_STATUSES)
    .optional()
    .meta({ description: 'Only deliveries that stand so', examples: ['failed'] }),
});
export type WebhookDeliveryQuery = z.output<typeof webhookDeliveryQuery>;
