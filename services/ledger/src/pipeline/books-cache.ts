import type { Books } from '@subledger/core';

/** How many sub-accounts all lanes of the process may keep in memory together; a main account counts as one more. */
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
 * The books that one lane has in memory, the longest unused first to go. They are right only as long as nobody else
 * writes them and every transaction of ours commits: `clear` after any failure.
 */
export class BooksCache {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly budget: CacheBudget) {}

  has(mainAccountId: string): boolean {
    return this.entries.has(mainAccountId);
  }

  /** The books, now the most recently used. */
  get(mainAccountId: string): Books | undefined {
    const entry = this.entries.get(mainAccountId);
    if (!entry) return undefined;
    this.entries.delete(mainAccountId);
    this.entries.set(mainAccountId, entry);
    return entry.books;
  }

  put(mainAccountId: string, books: Books): void {
    this.remove(mainAccountId);
    const entry = { books, size: sizeOf(books) };
    this.entries.set(mainAccountId, entry);
    this.budget.used += entry.size;
  }

  /**
   * After a committed batch: forgets what is looked up per batch, and makes room. The last used books stay even where
   * they alone are more than all may be: to load 100,000 sub-accounts anew for every batch would be no saving.
   */
  settle(mainAccountIds: Iterable<string>): void {
    for (const id of mainAccountIds) this.settleOne(id);
    for (const id of this.entries.keys()) {
      if (!this.budget.isExceeded || this.entries.size === 1) return;
      this.remove(id);
    }
  }

  clear(): void {
    for (const entry of this.entries.values()) this.budget.used -= entry.size;
    this.entries.clear();
  }

  private settleOne(mainAccountId: string): void {
    const entry = this.entries.get(mainAccountId);
    if (!entry) return;
    // An id without books may be opened by anybody's typo; it is not worth a place.
    if (entry.books.main === null) {
      this.remove(mainAccountId);
      return;
    }
    entry.books.forgetLookedUp();
    const size = sizeOf(entry.books);
    this.budget.used += size - entry.size;
    entry.size = size;
  }

  private remove(mainAccountId: string): void {
    const entry = this.entries.get(mainAccountId);
    if (!entry) return;
    this.budget.used -= entry.size;
    this.entries.delete(mainAccountId);
  }
}
