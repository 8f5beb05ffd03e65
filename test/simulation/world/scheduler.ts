import { createHash } from 'node:crypto';

/** The owner of events: a process that may be suspended (SIGSTOP) or killed (SIGKILL). */
export interface Owner {
  readonly name: string;
  state: 'alive' | 'paused' | 'dead';
}

/** Servers and the network. They are never suspended or killed. */
export const SERVERS: Owner = { name: 'servers', state: 'alive' };

interface Entry {
  at: number;
  readonly order: number;
  readonly owner: Owner;
  readonly run: () => void;
  isCancelled: boolean;
}

/** Trace lines kept for a failure's report. */
const KEPT_LINES = 400;

/** Resolves when all pending promise callbacks have run. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Virtual time. Everything in the simulated world that takes time is an entry here. Entries run one after the other,
 * in order of time and then of arrival. Each runs until all promises that it resolved are settled. So a run depends
 * only on its seed.
 */
export class Scheduler {
  readonly #heap: Entry[] = [];
  readonly #backlog = new Map<Owner, Entry[]>();
  readonly #hash = createHash('sha256');
  readonly #lines: string[] = [];
  #order = 0;
  #time: number;
  #warped = 0;
  /** Lines traced so far. */
  traced = 0;
  /** Called with each line; for `--trace`. */
  onLine: ((line: string) => void) | undefined;

  constructor(start: number) {
    this.#time = start;
  }

  /** Milliseconds since 1970. */
  get now(): number {
    return this.#time;
  }

  /** Milliseconds of elapsed time without `warp`. */
  get uptime(): number {
    return this.#time - this.#warped;
  }

  /** A hash of everything that happened: two runs that differ anywhere have different values. */
  digest(): string {
    return this.#hash.copy().digest('hex').slice(0, 16);
  }

  trace(line: string): void {
    const stamped = `${new Date(this.#time).toISOString()} ${line}`;
    this.#hash.update(stamped);
    this.traced += 1;
    this.#lines.push(stamped);
    if (this.#lines.length > KEPT_LINES * 2) this.#lines.splice(0, KEPT_LINES);
    this.onLine?.(stamped);
  }

  lastLines(count = KEPT_LINES): readonly string[] {
    return this.#lines.slice(-count);
  }

  /**
   * Runs once, after this time.
   * @returns a function that cancels it
   */
  after(ms: number, owner: Owner, run: () => void): () => void {
    this.#order += 1;
    const entry = { at: this.#time + Math.max(0, ms), order: this.#order, owner, run, isCancelled: false };
    this.#push(entry);
    return () => {
      entry.isCancelled = true;
    };
  }

  sleep(ms: number, owner: Owner): Promise<void> {
    return new Promise((resolve) => this.after(ms, owner, resolve));
  }

  /** Runs the entries that waited while their owner was suspended, in their order. */
  wake(owner: Owner): void {
    const waiting = this.#backlog.get(owner) ?? [];
    this.#backlog.delete(owner);
    for (const entry of waiting) this.#push({ ...entry, at: this.#time });
  }

  /** Skips days without events: everything due later keeps its distance. */
  warp(ms: number): void {
    this.#time += ms;
    this.#warped += ms;
    for (const entry of this.#heap) entry.at += ms;
  }

  async runUntil(end: number): Promise<void> {
    await settled();
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      this.#time = Math.max(this.#time, next.at);
      if (next.isCancelled || next.owner.state === 'dead') continue;
      if (next.owner.state === 'paused') {
        this.#backlog.set(next.owner, [...(this.#backlog.get(next.owner) ?? []), next]);
        continue;
      }
      next.run();
      await settled();
    }
    this.#time = Math.max(this.#time, end);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    heap.push(entry);
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at] as Entry, heap[parent] as Entry)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    heap[0] = last;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < heap.length && isBefore(heap[left] as Entry, heap[least] as Entry)) least = left;
      if (right < heap.length && isBefore(heap[right] as Entry, heap[least] as Entry)) least = right;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    const entry = this.#heap[a] as Entry;
    this.#heap[a] = this.#heap[b] as Entry;
    this.#heap[b] = entry;
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
