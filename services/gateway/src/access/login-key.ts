/**
 * What logins and names of sub-accounts are unique by and found by: neither case nor width of letters matters, so that
 * `Ｓａｌｅｓ１`, as an input method may type it, is `sales1`.
 */
export const loginKeyOf = (typed: string): string => typed.normalize('NFKC').toLowerCase();
