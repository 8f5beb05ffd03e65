import { PassThrough, type Readable } from 'node:stream';
import type { StreamEventName } from '@subledger/contracts';
import type { Principal } from '../request/principal.js';

/** The topic of a stream: a main account with its sub-accounts, all main accounts, or one sub-account. */
export type StreamTopic =
  | { readonly kind: 'main'; readonly mainAccountId: string }
  | { readonly kind: 'all' }
  | { readonly kind: 'sub'; readonly mainAccountId: string; readonly subAccountId: string };

export interface StreamEvent {
  readonly event: StreamEventName;
  readonly data: unknown;
  /** Left out if the reader already has it. At most one object per stream. */
  readonly onlyIfNew?: boolean;
}

/** Milliseconds after which a browser reconnects. */
const RETRY_MS = 2_000;

/**
 * One connection. Events that its reader has not taken are kept up to a limit. Beyond it the connection is closed,
 * and the reader reconnects with the id of its last event.
 */
export class EventStream {
  readonly body: Readable;
  /** Whether it was closed because its reader was too slow. */
  wasTooSlow = false;
  readonly #pipe = new PassThrough();
  /** Events that arrive before the stream has begun are held back, so that states cannot go backwards. */
  #held: { events: readonly StreamEvent[]; id: string }[] | undefined = [];
  #id = '';
  #knownJson: string | undefined;

  /**
   * @param onClose called once, whichever side ended it
   * @param maxBytes maximum bytes that may wait for the reader when more events come
   */
  constructor(
    readonly topic: StreamTopic,
    readonly principal: Principal,
    private readonly maxBytes: number,
    onClose: () => void,
  ) {
    this.body = this.#pipe;
    this.#pipe.once('close', onClose);
    // Its reader disconnected or was too slow, which is not an error.
    this.#pipe.on('error', () => {});
  }

  get isOpen(): boolean {
    return !this.#pipe.destroyed && !this.#pipe.writableEnded;
  }

  /**
   * Sends the first events, and then those that arrived meanwhile.
   * @param before the reader's position
   */
  begin(events: readonly StreamEvent[], id: string, before: string): void {
    this.#write(`retry: ${RETRY_MS}\n`);
    this.#id = before;
    this.#writeAll(events, id);
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const { events: more, id: newer } of held) this.#writeAll(more, newer);
  }

  /**
   * Sends events. Only the last event of a group has the new id, so a reader that received a part of the group gets
   * all of it again.
   * @param id position of the stream after the events, also if there are none
   */
  send(events: readonly StreamEvent[], id: string): void {
    if (this.#held) this.#held.push({ events, id });
    else this.#writeAll(events, id);
  }

  /** A comment that keeps the connection alive at both ends, and updates the reader's position. */
  heartbeat(): void {
    if (!this.#held) this.#write(`: heartbeat\nid: ${this.#id}\n\n`);
  }

  /** Notes a state that the reader already has, or is about to read itself. */
  knows(state: unknown): void {
    this.#knownJson = JSON.stringify(state);
  }

  /** Ends the stream when everything is sent. The reader should reconnect. */
  end(): void {
    if (this.isOpen) this.#pipe.end();
  }

  #writeAll(events: readonly StreamEvent[], id: string): void {
    // A large group at once is not the reader's fault, so only bytes left from before count.
    if (this.#pipe.writableLength > this.maxBytes) {
      this.wasTooSlow = true;
      this.#pipe.destroy(new Error('the reader is too slow'));
    }
    // Filtered only now, because held events may be older than the reader's state.
    const news = events.filter((one) => !one.onlyIfNew || this.#isNews(one.data));
    news.forEach(({ event, data }, index) => {
      if (index === news.length - 1) this.#id = id;
      this.#write(`id: ${this.#id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    });
    this.#id = id;
  }

  #isNews(state: unknown): boolean {
    const before = this.#knownJson;
    this.knows(state);
    return this.#knownJson !== before;
  }

  #write(text: string): void {
    if (!this.isOpen) return;
    this.#pipe.write(text);
  }
}
