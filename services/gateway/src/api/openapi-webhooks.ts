import { WEBHOOK_EVENT_SUMMARIES, WEBHOOK_EVENT_TYPES, webhookBody } from '@subledger/contracts';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';

/** The requests that customers' programs receive, see docs/webhooks.md. */
export function webhookDocs(): ZodOpenApiPathsObject {
  const text = z.string();
  const header = z.object({
    'webhook-id': text.meta({
      description: 'Id of the delivery, the same at every attempt',
      examples: ['whd_019aa5f1-7a3e-7cc1-9d2e-1f0a6a3b4c5d'],
    }),
    'webhook-timestamp': text.meta({
      description: 'Seconds since 1970 at which the attempt was made',
      examples: ['1795904400'],
    }),
    'webhook-signature': text.meta({
      description: 'v1, and the HMAC-SHA256 of id.timestamp.body in base64; after a rotation two of them',
      examples: ['v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4='],
    }),
  });
  return Object.fromEntries(
    WEBHOOK_EVENT_TYPES.map((type) => [
      type,
      {
        post: {
          operationId: `receive-${type.replaceAll('.', '-')}`,
          tags: ['Webhooks'],
          summary: WEBHOOK_EVENT_SUMMARIES[type],
          description: 'Signed as in Standard Webhooks.',
          security: [],
          requestParams: { header },
          requestBody: { required: true, content: { 'application/json': { schema: webhookBody(type) } } },
          responses: { '2XX': { description: 'Received; anything else is tried again' } },
        },
      },
    ]),
  );
}
