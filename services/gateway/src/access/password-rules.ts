import { dictionary } from '@zxcvbn-ts/language-common';
import { ProblemError } from '../request/problem.js';
import { loginKeyOf } from './login-key.js';

/** About 49,000 passwords from published leaks, in lower case, from zxcvbn-ts. */
const COMMON: ReadonlySet<string> = new Set(dictionary['passwords-common']);
/** Shorter logins occur in passwords by chance. */
const MIN_LOGIN_LENGTH = 4;
/** Minimum number of characters beside the login: the length of the shortest allowed password. */
const MIN_REST_LENGTH = 8;

/**
 * Why guessers would try this password early, or undefined if they would not. The contract checks length and
 * characters. The rules are those of NIST SP 800-63B 3.1.1.2: a list of common passwords, and the user's name.
 *
 *
 * @param logins names that belong to the password: login, name of the sub-account
 */
export function passwordFault(password: string, logins: readonly string[]): string | undefined {
  // As guessers do: in any case, and with full-width letters as plain ones.
  const folded = loginKeyOf(password);
  if (COMMON.has(folded)) return 'must not be a common password';
  return logins.some((login) => isMadeOf(folded, loginKeyOf(login)))
    ? 'must not be the login, or the login with a few characters more'
    : undefined;
}

/** @throws ProblemError `validation-failed` with the field of the body */
export function requireGoodPassword(path: string, password: string, logins: readonly string[]): void {
  const message = passwordFault(password, logins);
  if (message !== undefined) throw ProblemError.invalid([{ path, message }]);
}

function isMadeOf(password: string, login: string): boolean {
  if (login === '') return false;
  if (password.replaceAll(login, '') === '') return true;
  if (login.length < MIN_LOGIN_LENGTH || !password.includes(login)) return false;
  return password.replaceAll(login, '').length < MIN_REST_LENGTH;
}
