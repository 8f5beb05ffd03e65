import type { Books } from '@subledger/core';

/** How many sub-accounts all lanes of the process may keep in memory together. A main account counts as one more. */
export class CacheBudget {
  used = 0;
  constructor(readonly maxSubAccounts: number) {}

  get isExceeded(): boolean {
    return this.used > this.maxSubAccounts;
  }
}

interface Entry {
  readonly books: Books;
  size: number;
}

const sizeOf = (books: Books): number => books.subAccounts.size + 1;

/**
 * The books that one lane has in memory. The least recently used are dropped first. They are correct only if nobody
 * else writes them and every transaction of ours commits, so call `clear` after any failure.
 */
export class BooksCache {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly budget: CacheBudget) {}

  has(mainAccountId: string): boolean {
    return this.#entries.has(mainAccountId);
  }

  /** The books, marked as most recently used. */
  get(mainAccountId: string): Books | undefined {
    const entry = this.#entries.get(mainAccountId);
    if (!entry) return undefined;
    this.#entries.delete(mainAccountId);
    this.#entries.set(mainAccountId, entry);
    return entry.books;
  }

  put(mainAccountId: string, books: Books): void {
    this.#remove(mainAccountId);
    const entry = { books, size: sizeOf(books) };
    this.#entries.set(mainAccountId, entry);
    this.budget.used += entry.size;
  }

  /**
   * After a committed batch: drops rows that are looked up per batch, and keeps the budget. The last used books stay
   * even if they alone exceed it: loading 100,000 sub-accounts again for every batch would save nothing.
   */
  settle(mainAccountIds: Iterable<string>): void {
    for (const id of mainAccountIds) this.#settleOne(id);
    for (const id of this.#entries.keys()) {
      if (!this.budget.isExceeded || this.#entries.size === 1) return;
      this.#remove(id);
    }
  }

  clear(): void {
    for (const entry of this.#entries.values()) this.budget.used -= entry.size;
    this.#entries.clear();
  }

  #settleOne(mainAccountId: string): void {
    const entry = this.#entries.get(mainAccountId);
    if (!entry) return;
    // Anyone's typo creates an id without books, so it is not kept.
    if (entry.books.main === null) {
      this.#remove(mainAccountId);
      return;
    }
    entry.books.forgetLookedUp();
    const size = sizeOf(entry.books);
    this.budget.used += size - entry.size;
    entry.size = size;
  }

  #remove(mainAccountId: string): void {
    const entry = this.#entries.get(mainAccountId);
    if (!entry) return;
    this.budget.used -= entry.size;
    this.#entries.delete(mainAccountId);
  }
}
