import { describe, expect, test } from '@jest/globals';
import { passwordFault } from './password-rules.js';

const COMMON = 'must not be a common password';
const LOGIN = 'must not be the login, or the login with a few characters more';

describe('a password', () => {
  test.each([
    ['of the usual list', 'password', [], COMMON],
    ['of it in other letters', 'PassWord1', [], COMMON],
    ['of it in full width', 'ｐａｓｓｗｏｒｄ', [], COMMON],
    ['of it with twelve characters', '123456789012', [], COMMON],
    ['that is the login', 'kita-clinic', ['kita-clinic'], LOGIN],
    ['that is the login in another case', 'KITA-Clinic', ['kita-clinic'], LOGIN],
    ['that is the login twice', 'SalesSales', ['Sales'], LOGIN],
    ['that is a short login many times', 's1s1s1s1', ['S1'], LOGIN],
    ['with a year behind the login', 'kitaclinic2026', ['kitaclinic'], LOGIN],
    ['with signs before the login', '!!kita-clinic', ['kita-clinic'], LOGIN],
    ['made of the second of its names', 'Reception1', ['Kita', 'Reception'], LOGIN],
    ['that has a long rest beside the login', 'kita-plays-the-cello', ['kita'], undefined],
    ['with a short login in it by chance', 'bass1guitar', ['S1'], undefined],
    ['of nobody', 'correct1horse', ['kita'], undefined],
  ])('%s', (_what, password, logins, fault) => {
    expect(passwordFault(password, logins)).toBe(fault);
  });
});
