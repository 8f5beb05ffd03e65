import type { Books } from '../books.js';
import type { LedgerPolicy } from '../input.js';
import type { MainAccount, SubAccount } from '../state.js';

/** Books that are known to be open, as every command but the opening finds them. */
export interface WithMain {
  readonly books: Books;
  readonly main: MainAccount;
  readonly policy: LedgerPolicy;
}

/** And a sub-account that is neither unknown nor deleted. */
export interface WithSub extends WithMain {
  readonly stored: SubAccount;
}
