import { Webhook } from 'standardwebhooks';

/**
 * Headers of an attempt by Standard Webhooks (https://www.standardwebhooks.com): the id is that of the delivery in
 * every attempt, but time and signatures are new each time.
 *
 *
 * @param secrets `whsec_…`; after a rotation two, and each signs, so that the receiver may use either
 */
export function webhookHeaders(
  id: string,
  at: Date,
  body: string,
  secrets: readonly string[],
): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': 'Subledger-Webhooks/1',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  };
}
