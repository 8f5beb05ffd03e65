import type { WebhookEventData, WebhookEventType } from '@subledger/contracts';

/** An event for webhooks. */
export interface WebhookEvent<Type extends WebhookEventType = WebhookEventType> {
  readonly mainAccountId: string;
  readonly type: Type;
  /** ISO instant at which it happened. */
  readonly at: string;
  readonly data: WebhookEventData<Type>;
  /** Identifies the event within its main account, up to 200 characters. The same key again is not queued twice. */
  readonly dedupeKey: string;
}

/** Any type with its data. */
export type AnyWebhookEvent = { [Type in WebhookEventType]: WebhookEvent<Type> }[WebhookEventType];
