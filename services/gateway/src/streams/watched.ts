import type { EventStream } from './event-stream.js';

/** A main account that streams of this instance watch (or all of them), and what is to be looked at. */
export class Watched {
  readonly streams = new Set<EventStream>();
  /** Changes by transactions before this one have been told. */
  since = 0n;
  /** The database's clock at that moment, in seconds since 1970. */
  seconds = 0;
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
    return this.dirty !== undefined;
  }

  /** @returns what was marked, and is not any more */
  take(): ReadonlySet<string> | 'all' {
    const taken = this.dirty ?? new Set<string>();
    this.dirty = undefined;
    return taken;
  }

  watchedFrom(position: { readonly xid: bigint; readonly seconds: number }, row: bigint): void {
    this.since = position.xid;
    this.seconds = position.seconds;
    this.quietUntil = row;
    this.mark(null);
  }

  /** All until then has been told. Where a change may still come without a notice, it is looked at again. */
  toldUntil({ xid, seconds }: { readonly xid: bigint; readonly seconds: number }): void {
    this.since = xid;
    this.seconds = seconds;
    if (this.quietUntil === undefined) return;
    if (xid > this.quietUntil) this.quietUntil = undefined;
    else this.mark(null);
  }
}
