import { PassThrough, type Readable } from 'node:stream';
import type { StreamEventName } from '@subledger/contracts';
import type { Principal } from '../request/principal.js';

/** What a stream tells of: a main account with its sub-accounts, all main accounts, or one sub-account. */
export type StreamTopic =
  | { readonly kind: 'main'; readonly mainAccountId: string }
  | { readonly kind: 'all' }
  | { readonly kind: 'sub'; readonly mainAccountId: string; readonly subAccountId: string };

export interface StreamEvent {
  readonly event: StreamEventName;
  readonly data: unknown;
  /** Left out where the reader has it already. Of one object per stream. */
  readonly onlyIfNew?: boolean;
}

/** How long a browser waits before it connects again, in milliseconds. */
const RETRY_MS = 2_000;

/**
 * One connection. What its reader does not take is kept up to a bound; beyond that the connection is broken off, and the
 * reader comes again with the id of the last event that it has.
 */
export class EventStream {
  readonly body: Readable;
  /** Whether it was broken off for that. */
  wasTooSlow = false;
  private readonly pipe = new PassThrough();
  /** What comes before the stream has begun waits, so that states cannot go back. */
  private held: { events: readonly StreamEvent[]; id: string }[] | undefined = [];
  private id = '';
  private knownJson: string | undefined;

  /**
   * @param onClose called once, whoever ended it
   * @param maxBytes that may wait for the reader when more is to come
   */
  constructor(
    readonly topic: StreamTopic,
    readonly principal: Principal,
    private readonly maxBytes: number,
    onClose: () => void,
  ) {
    this.body = this.pipe;
    this.pipe.once('close', onClose);
    // Its reader went away, or was too slow: nothing of it is an error of ours.
    this.pipe.on('error', () => {});
  }

  get isOpen(): boolean {
    return !this.pipe.destroyed && !this.pipe.writableEnded;
  }

  /**
   * The first events, and after them those that came meanwhile.
   * @param before where the reader stands
   */
  begin(events: readonly StreamEvent[], id: string, before: string): void {
    this.write(`retry: ${RETRY_MS}\n`);
    this.id = before;
    this.writeAll(events, id);
    const held = this.held ?? [];
    this.held = undefined;
    for (const { events: more, id: newer } of held) this.writeAll(more, newer);
  }

  /**
   * Only the last event of what belongs together has the new id: whoever gets a part of it, gets all of it again.
   * @param id where the stream stands after them, also without any
   */
  send(events: readonly StreamEvent[], id: string): void {
    if (this.held) this.held.push({ events, id });
    else this.writeAll(events, id);
  }

  /** A comment that shows both ends that the connection lives, and the reader where it stands. */
  heartbeat(): void {
    if (!this.held) this.write(`: heartbeat\nid: ${this.id}\n\n`);
  }

  /** What the reader has, or is about to read by itself. */
  knows(state: unknown): void {
    this.knownJson = JSON.stringify(state);
  }

  /** The reader has had all until then, and is to come again. */
  end(): void {
    if (this.isOpen) this.pipe.end();
  }

  private writeAll(events: readonly StreamEvent[], id: string): void {
    // What comes at once is not the reader's fault, so only what was left from before counts.
    if (this.pipe.writableLength > this.maxBytes) {
      this.wasTooSlow = true;
      this.pipe.destroy(new Error('the reader is too slow'));
    }
    // Only now, since what was held may have been read before what the reader has.
    const told = events.filter((one) => !one.onlyIfNew || this.isNews(one.data));
    told.forEach(({ event, data }, index) => {
      if (index === told.length - 1) this.id = id;
      this.write(`id: ${this.id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    });
    this.id = id;
  }

  private isNews(state: unknown): boolean {
    const before = this.knownJson;
    this.knows(state);
    return this.knownJson !== before;
  }

  private write(text: string): void {
    if (!this.isOpen) return;
    this.pipe.write(text);
  }
}
