/**
 * The key by which logins and names of sub-accounts are unique and found. Case and width of letters make no
 * difference, so that `Ｓａｌｅｓ１`, which an input method may type, is `sales1`.
 */
export const loginKeyOf = (typed: string): string => typed.normalize('NFKC').toLowerCase();
