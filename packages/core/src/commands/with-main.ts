import type { Books } from '../books.js';
import type { LedgerPolicy } from '../input.js';
import type { MainAccount, SubAccount } from '../state.js';

/** Books that are known to be open. Every command except `main-account.open` needs them. */
export interface WithMain {
  readonly books: Books;
  readonly main: MainAccount;
  readonly policy: LedgerPolicy;
}

/** Adds a sub-account that exists and is not deleted. */
export interface WithSub extends WithMain {
  readonly stored: SubAccount;
}
