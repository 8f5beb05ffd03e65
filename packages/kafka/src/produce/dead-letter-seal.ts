import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts what a dead letter keeps of its record (AES-256-GCM): it may be the content of a message and its recipient,
 * and more parties read the topic than may read these.
 *
 * The initialization vector is derived from what is encrypted, so the same letter is the same text whenever it is
 * made: the ledger publishes a letter again after a crash, and readers drop what they have. Two letters with the same
 * vector are the same letter.
 */
export class DeadLetterSeal {
  readonly #key: Buffer;
  readonly #ivKey: Buffer;

  /** @param secret DEAD_LETTER_KEY; with another one, what was sealed cannot be opened */
  constructor(secret: string) {
    const derived = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
    this.#key = derived('subledger dead letters');
    this.#ivKey = derived('subledger dead letters, vectors');
  }

  /** @param place of the record: what was sealed for another one cannot be opened */
  seal(plain: Buffer, place: string): string {
    const iv = createHmac('sha256', this.#ivKey)
      .update(`${place}\n`)
      .update(plain)
      .digest()
      .subarray(0, IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
  }

  /** @returns undefined where it was sealed with another key or for another place, or was changed */
  open(text: string, place: string): Buffer | undefined {
    const bytes = Buffer.from(text, 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}
