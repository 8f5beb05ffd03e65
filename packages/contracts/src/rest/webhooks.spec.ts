import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { WEBHOOK_EVENT_DATA, WEBHOOK_EVENT_TYPES, webhookBody } from './webhook-events.js';
import { createdWebhook, createWebhook, patchWebhook, rotatedSecret, webhookDelivery } from './webhooks.js';

const FORMS: [string, z.ZodObject][] = [
  ['createWebhook', createWebhook],
  ['patchWebhook', patchWebhook],
  ['createdWebhook', createdWebhook],
  ['rotatedSecret', rotatedSecret],
  ['webhookDelivery', webhookDelivery],
  ...WEBHOOK_EVENT_TYPES.map((type): [string, z.ZodObject] => [type, WEBHOOK_EVENT_DATA[type]]),
];
/** What is said of a field, also through `.optional()` and `.nullable()`. */
function metaOf(field: z.ZodType): { description?: string; examples?: unknown[] } {
  const own = field.meta() as { description?: string; examples?: unknown[] } | undefined;
  const inner = (field.def as { innerType?: z.ZodType }).innerType;
  return own?.description ? own : inner ? metaOf(inner) : {};
}
const fields = FORMS.flatMap(([name, { shape }]) =>
  Object.entries(shape).map(([field, schema]) => [name, field, schema as z.ZodType] as const),
);

describe('the fields of webhooks', () => {
  it.each(fields)('%s.%s has a description and an example that it accepts', (_form, _field, schema) => {
    const { description = '', examples = [] } = metaOf(schema);
    expect(description).not.toBe('');
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(schema.safeParse(example).error).toBeUndefined();
  });

  it('a body has its type, a timestamp and its data', () => {
    const data = { mainAccountId: 'ma_1', webhookId: 'wh_1' };
    const body = { type: 'webhook.ping', timestamp: '2026-11-23T09:00:00Z', data };
    expect(webhookBody('webhook.ping').parse(body)).toEqual(body);
    expect(webhookBody('period.rolled').safeParse(body).success).toBe(false);
  });
});
