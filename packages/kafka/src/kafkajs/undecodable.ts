import { type BatchContext, FetchedMessage } from './fetched-message.js';

/** Why a batch could not be decoded, and its offsets in the log (docs/decisions/0023). */
export interface Undecodable {
  /** For a human; never quotes the bytes. */
  readonly detail: string;
  readonly firstOffset: bigint;
  readonly lastOffset: bigint;
}

/**
 * A batch cannot be decoded. It is caught where the batch becomes an `UndecodableBatch`. The message never quotes
 * bytes.
 */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/**
 * Represents all records of a batch that cannot be decoded: one record at the batch's last offset, with the batch's
 * raw bytes as its value (docs/decisions/0023). So readers skip only this batch, and positions and fingerprints work
 * as for any record. A reader that does not check `undecodable` finds a value that is not JSON.
 */
export class UndecodableBatch extends FetchedMessage {
  readonly undecodable: Undecodable;
  readonly #raw: Buffer;

  constructor(undecodable: Undecodable, timestamp: number, batchContext: BatchContext, raw: Buffer) {
    super(undecodable.lastOffset, timestamp, false, batchContext, raw, 0);
    this.undecodable = undecodable;
    this.#raw = raw;
  }

  override get key(): null {
    return null;
  }

  override get value(): Buffer {
    return this.#raw;
  }

  override keyText(): null {
    return null;
  }

  override textHeaders(): Record<string, string> {
    return {};
  }
}
