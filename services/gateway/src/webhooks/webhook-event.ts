import type { WebhookEventData, WebhookEventType } from '@subledger/contracts';

/** Something that webhooks may be told of. */
export interface WebhookEvent<Type extends WebhookEventType = WebhookEventType> {
  readonly mainAccountId: string;
  readonly type: Type;
  /** ISO instant at which it happened. */
  readonly at: string;
  readonly data: WebhookEventData<Type>;
  /** Stands for the webhookEvent within its main account, up to 200 characters: the same again is not queued twice. */
  readonly dedupeKey: string;
}

/** Any type with the data that belongs to it. */
export type AnyWebhookEvent = { [Type in WebhookEventType]: WebhookEvent<Type> }[WebhookEventType];
