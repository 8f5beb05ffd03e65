import { z } from 'zod';
import * as scalars from '../scalars.js';
import { AUTOMATIC_SUSPENSIONS, SUB_ACCOUNT_STATUSES } from '../vocabulary.js';

const { foreignId, instant, period, pointLimit, points } = scalars;
const mainAccountId = scalars.mainAccountId.meta({
  description: 'The customer whose points it is about',
  examples: ['ma_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f11'],
});
const subAccountId = scalars.subAccountId.meta({
  description: 'The sub-account that it is about',
  examples: ['sa_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f22'],
});

const subAccountFigures = {
  mainAccountId,
  subAccountId,
  subAccount: z.string().meta({
    description: 'Name of the sub-account; its id where it has no name any more',
    examples: ['Sales1'],
  }),
  status: z
    .enum(SUB_ACCOUNT_STATUSES)
    .meta({ description: 'Status that the console shows', examples: ['active'] }),
  period: period.meta({ description: 'Month that the figures are of', examples: ['2026-11'] }),
  limit: pointLimit.meta({ description: 'Point limit of the month, in whole points', examples: ['1000'] }),
  boost: points.meta({ description: 'Extra for this month only, in points', examples: ['0'] }),
  granted: points.meta({ description: 'Points really given to it this month', examples: ['1000'] }),
  used: points.meta({ description: 'Points of its messages, overage included', examples: ['800.4'] }),
  overage: points.meta({ description: 'Points of `used` that the main account paid', examples: ['0'] }),
  held: points.meta({ description: 'Points set aside by open holds', examples: ['12'] }),
  remaining: points.meta({ description: 'Points that it has left', examples: ['187.6'] }),
  shortfall: points.meta({
    description: 'Points that it lacks, because the main account could not fund it',
    examples: ['0'],
  }),
};
const subAccountEvent = z.object(subAccountFigures).meta({ id: 'WebhookSubAccountData' });

const exceededEvent = z
  .object({
    ...subAccountFigures,
    messageId: foreignId.meta({
      description: 'The message that the sub-account could not cover',
      examples: ['msg-0001'],
    }),
    messagePoints: points.meta({ description: 'Points that this message cost', examples: ['1.2'] }),
    messageOverage: points.meta({
      description: 'Points of it that the main account paid',
      examples: ['0.8'],
    }),
  })
  .meta({ id: 'WebhookLimitExceededData' });

const sendingEvent = z
  .object({
    mainAccountId,
    reason: z.enum(AUTOMATIC_SUSPENSIONS).meta({
      description:
        'low-balance: the available points are below the bound. month-start-failed: the provider is alarmed',
      examples: ['low-balance'],
    }),
    balance: points.meta({ description: 'Balance of the main account', examples: ['-30'] }),
    available: points.nullable().meta({
      description: 'Points that the main account can still give; null is unlimited credit',
      examples: ['-30'],
    }),
    suspendBelow: points.nullable().meta({
      description: 'Bound of the available points; null where there is none',
      examples: ['0'],
    }),
  })
  .meta({ id: 'WebhookSendingData' });

const periodRolledEvent = z
  .object({
    mainAccountId,
    from: period.meta({ description: 'Month that ended', examples: ['2026-10'] }),
    to: period.meta({ description: 'Month that began', examples: ['2026-11'] }),
    returned: points.meta({
      description: 'Unused points that came back from the sub-accounts',
      examples: ['850'],
    }),
    granted: points.meta({ description: 'Points given to the sub-accounts anew', examples: ['1000'] }),
    funded: z
      .int()
      .min(0)
      .meta({ description: 'Sub-accounts that got their whole limit', examples: [12] }),
    unfunded: z
      .int()
      .min(0)
      .meta({ description: 'Sub-accounts that got nothing', examples: [0] }),
    balance: points.meta({ description: 'Balance of the main account after it', examples: ['8850'] }),
    available: points.nullable().meta({
      description: 'Points that the main account can still give; null is unlimited credit',
      examples: ['8850'],
    }),
  })
  .meta({ id: 'WebhookPeriodRolledData' });

const forecastEvent = z
  .object({
    mainAccountId,
    period: period.meta({ description: 'Month that is about to begin', examples: ['2026-12'] }),
    startsAt: instant.meta({ description: 'When it begins', examples: ['2026-11-30T15:00:00Z'] }),
    needed: points.meta({
      description: 'Points that all limits of the new month ask for',
      examples: ['12000'],
    }),
    available: points.meta({
      description: 'Points that the main account would have for them, unused ones returned',
      examples: ['9000'],
    }),
    shortfall: points.meta({ description: 'Points that are missing', examples: ['3000'] }),
    unfunded: z
      .int()
      .min(0)
      .meta({ description: 'Sub-accounts that would get nothing', examples: [3] }),
    subAccountIds: z
      .array(subAccountId)
      .max(100)
      .meta({
        description: 'The first 100 of them, in funding order',
        examples: [['sa_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f22']],
      }),
  })
  .meta({ id: 'WebhookShortfallForecastData' });

const pingEvent = z
  .object({
    mainAccountId,
    webhookId: z.string().meta({
      description: 'The webhook that was pinged',
      examples: ['wh_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f33'],
    }),
  })
  .meta({ id: 'WebhookPingData' });

/**
 * Data of every webhook event, by its type. Amounts are decimal strings. Changes are additive (docs/decisions/0016).
 */
export const WEBHOOK_EVENT_DATA = {
  'limit.reached-80': subAccountEvent,
  'limit.reached-100': subAccountEvent,
  'limit.exceeded': exceededEvent,
  'sub-account.unfunded': subAccountEvent,
  'sub-account.deactivated': subAccountEvent,
  'sending.stopped': sendingEvent,
  'sending.resumed': sendingEvent,
  'period.rolled': periodRolledEvent,
  'shortfall.forecast': forecastEvent,
  'webhook.ping': pingEvent,
} as const;
export type WebhookEventType = keyof typeof WEBHOOK_EVENT_DATA;
export type WebhookEventData<Type extends WebhookEventType> = z.output<(typeof WEBHOOK_EVENT_DATA)[Type]>;
export const WEBHOOK_EVENT_TYPES = Object.keys(WEBHOOK_EVENT_DATA) as WebhookEventType[];

/** The events that a webhook can subscribe to. A ping is sent on request only. */
export const WEBHOOK_EVENTS = [
  'limit.reached-80',
  'limit.reached-100',
  'limit.exceeded',
  'sub-account.unfunded',
  'sub-account.deactivated',
  'sending.stopped',
  'sending.resumed',
  'period.rolled',
  'shortfall.forecast',
] as const satisfies readonly WebhookEventType[];
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** One line each, for the OpenAPI document and the customers' page. */
export const WEBHOOK_EVENT_SUMMARIES: Record<WebhookEventType, string> = {
  'limit.reached-80': 'A sub-account has used 80 % of its limit and boost',
  'limit.reached-100': 'A sub-account has used all of its limit and boost',
  'limit.exceeded': 'A message cost more than its sub-account had left; the main account paid the rest',
  'sub-account.unfunded': 'A sub-account has no points, because the main account could not fund it',
  'sub-account.deactivated': 'A sub-account was deactivated or deleted',
  'sending.stopped':
    'Nobody of the main account may send any more: too few points are available, or its month start failed',
  'sending.resumed': 'What all sending was stopped for is over',
  'period.rolled': 'A month began: unused points came back and the limits were funded anew',
  'shortfall.forecast': 'The main account will not be able to fund all limits at the next month start',
  'webhook.ping': 'Asked for by POST …/webhooks/{webhook}/ping',
};

/** The body of the POST (Standard Webhooks, https://www.standardwebhooks.com). */
export const webhookBody = <Type extends WebhookEventType>(type: Type) =>
  z
    .object({
      type: z.literal(type).meta({ description: 'What happened', examples: [type] }),
      timestamp: instant.meta({
        description: 'When it happened; not when it was sent',
        examples: ['2026-11-23T09:00:00.000Z'],
      }),
      data: WEBHOOK_EVENT_DATA[type],
    })
    .meta({ description: WEBHOOK_EVENT_SUMMARIES[type] });
