import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { keptText } from '../home.js';

/** Made at the first start of a home and kept in it. */
export interface Secrets {
  readonly operatorPassword: string;
  readonly operatorApiKey: string;
  readonly upstreamApiKey: string;
  /** Encrypts the secrets of webhooks. */
  readonly webhookSecretKey: string;
  /** Encrypts what dead letters keep of their records. */
  readonly deadLetterKey: string;
  /** Of the demo's customers and their sub-accounts: letters and digits only. */
  readonly demoPassword: string;
}

/** Reads the secrets of the home and creates missing ones. Each is a file that only its owner may read. */
export async function keptSecrets(home: string): Promise<Secrets> {
  const folder = join(home, 'secrets');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const secret = (name: string, prefix: string, bytes: number): Promise<string> =>
    keptText(join(folder, name), () => `${prefix}${randomBytes(bytes).toString('hex')}`);
  return {
    operatorPassword: await secret('operator-password', '', 10),
    operatorApiKey: await secret('operator-api-key', 'sk_operator_', 24),
    upstreamApiKey: await secret('upstream-api-key', 'sk_upstream_', 24),
    webhookSecretKey: await secret('webhook-secret-key', '', 24),
    deadLetterKey: await secret('dead-letter-key', '', 24),
    demoPassword: await secret('demo-password', 'demo', 6),
  };
}
