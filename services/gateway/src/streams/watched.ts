import type { EventStream } from './event-stream.js';
import type { StreamPosition } from './stream-position.js';

/** A main account that streams of this instance watch (or all of them), and what is to be looked at. */
export class Watched {
  readonly streams = new Set<EventStream>();
  /** What had changed then has been told; undefined until we watch. */
  since: StreamPosition | undefined;
  /** Of a main account, as last seen: it changes how all its sub-accounts look. */
  isSuspended: boolean | undefined;
  /** Resolves when changes are told to us. */
  ready: Promise<void> = Promise.resolve();
  /** Transactions up to this one may change something without a notice, as they began before we watched. */
  private quietUntil: bigint | undefined;
  private dirty: Set<string> | 'all' | undefined;

  /** What to look at: named ids, or whatever changed since. */
  mark(ids: readonly string[] | null): void {
    if (ids === null) this.dirty = 'all';
    else if (this.dirty !== 'all') this.dirty = new Set([...(this.dirty ?? []), ...ids]);
  }

  get isDirty(): boolean {
    return this.dirty !== undefined && this.since !== undefined;
  }

  /** @returns what was marked, and is not any more; undefined where nothing was */
  take(): { readonly dirty: ReadonlySet<string> | 'all'; readonly since: StreamPosition } | undefined {
    const { dirty, since } = this;
    if (dirty === undefined || since === undefined) return undefined;
    this.dirty = undefined;
    return { dirty, since };
  }

  /** @param isSuspended how readers find the main account who come now: a change before the first look is told, too */
  watchedFrom(position: StreamPosition, row: bigint, isSuspended: boolean | undefined): void {
    this.since = position;
    this.isSuspended = isSuspended;
    this.quietUntil = row;
    this.mark(null);
  }

  /** All until then has been told. Where a change may still come without a notice, it is looked at again. */
  notifiedUntil(position: StreamPosition): void {
    this.since = position;
    if (this.quietUntil === undefined) return;
    if (position.xid > this.quietUntil) this.quietUntil = undefined;
    else this.mark(null);
  }
}
