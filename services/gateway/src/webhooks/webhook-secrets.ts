import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Standard Webhooks: 24 to 64 random bytes in base64 after `whsec_`. */
const SECRET_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export const newWebhookSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/** Encrypts the secrets of webhooks. They must be readable for signing, so a hash is not enough. */
export class WebhookSecrets {
  readonly #key: Buffer;

  /** @param masterKey WEBHOOK_SECRET_KEY; other keys cannot open what was sealed with it */
  constructor(masterKey: string) {
    this.#key = Buffer.from(hkdfSync('sha256', masterKey, '', 'subledger webhook secrets', 32));
  }

  /** @param webhookId the only webhook for which it can be opened, so that a copied row is useless */
  seal(secret: string, webhookId: string): Uint8Array<ArrayBuffer> {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(Buffer.from(webhookId));
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return new Uint8Array(Buffer.concat([iv, cipher.getAuthTag(), text]));
  }

  /** Undefined if `open` throws. */
  tryOpen(sealed: Uint8Array, webhookId: string): string | undefined {
    try {
      return this.open(sealed, webhookId);
    } catch {
      return undefined;
    }
  }

  /** @throws Error if it was sealed with another key or for another webhook, or was changed */
  open(sealed: Uint8Array, webhookId: string): string {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(webhookId)).setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const text = Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    return text.toString('utf8');
  }
}
