import type { EventStream } from './event-stream.js';
import type { StreamPosition } from './stream-position.js';

/** A main account that streams of this instance watch (or all of them), and the objects to read. */
export class Watched {
  readonly streams = new Set<EventStream>();
  /** Position up to which changes have been sent, or undefined before the watch begins. */
  since: StreamPosition | undefined;
  /** Last known suspension of the main account, which affects how all its sub-accounts are shown. */
  isSuspended: boolean | undefined;
  /** Resolves when notices of changes arrive. */
  ready: Promise<void> = Promise.resolve();
  /** Transactions up to this one may make changes without a notice, because they began before the watch. */
  #quietUntil: bigint | undefined;
  #dirty: Set<string> | 'all' | undefined;

  /** Marks objects to read: the given ids, or everything changed since. */
  mark(ids: readonly string[] | null): void {
    if (ids === null) this.#dirty = 'all';
    else if (this.#dirty !== 'all') this.#dirty = new Set([...(this.#dirty ?? []), ...ids]);
  }

  get isDirty(): boolean {
    return this.#dirty !== undefined && this.since !== undefined;
  }

  /** @returns the marked objects, which are then unmarked, or undefined if there were none */
  take(): { readonly dirty: ReadonlySet<string> | 'all'; readonly since: StreamPosition } | undefined {
    const { since } = this;
    const dirty = this.#dirty;
    if (dirty === undefined || since === undefined) return undefined;
    this.#dirty = undefined;
    return { dirty, since };
  }

  /**
   * @param isSuspended the main account's state for readers that connect now, so that a change before the first read
   *   is sent too
   */
  watchedFrom(position: StreamPosition, row: bigint, isSuspended: boolean | undefined): void {
    this.since = position;
    this.isSuspended = isSuspended;
    this.#quietUntil = row;
    this.mark(null);
  }

  /**
   * Notes that all changes up to this position were sent. If a change without a notice is still possible, the account
   * is read again.
   */
  notifiedUntil(position: StreamPosition): void {
    this.since = position;
    if (this.#quietUntil === undefined) return;
    if (position.xid > this.#quietUntil) this.#quietUntil = undefined;
    else this.mark(null);
  }
}
