import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts the record of a dead letter (AES-256-GCM), because it may contain the content and the recipient of a
 * message, and more parties may read the topic than may read these (docs/decisions/0028).
 *
 * The initialization vector is derived from the plaintext, so the same letter always gives the same ciphertext: the
 * ledger publishes a letter again after a crash, and readers drop duplicates. Two letters with the same vector are
 * the same letter.
 */
export class DeadLetterSeal {
  readonly #key: Buffer;
  readonly #ivKey: Buffer;

  /** @param secret DEAD_LETTER_KEY; other keys cannot open what was sealed with it */
  constructor(secret: string) {
    const derived = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
    this.#key = derived('subledger dead letters');
    this.#ivKey = derived('subledger dead letters, vectors');
  }

  /**
   * Encrypts a record.
   * @param place position of the record; the text cannot be opened for another position
   */
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

  /**
   * Decrypts a record.
   * @returns undefined if it was sealed with another key or for another position, or was changed
   */
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
