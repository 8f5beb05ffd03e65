import { describe, expect, test } from '@jest/globals';
import { SessionCookie } from './session-cookie.js';
import { csrfTokenOf, isCsrfTokenOf, newSessionToken } from './session-token.js';

describe('the cookie', () => {
  const plain = new SessionCookie('http://localhost:3000');
  const https = new SessionCookie('https://points.example');

  test('comes back as it was written, among others', () => {
    const token = newSessionToken();
    const [pair] = plain.write(token).split(';');
    expect(plain.read(`a=b; ${pair}; c=d`)).toBe(token);
    expect(https.read(pair)).toBeUndefined();
  });

  test.each([
    undefined,
    '',
    'subledger_session',
    'subledger_session=',
    `subledger_session=${'a'.repeat(129)}`,
  ])('%s holds none', (header) => {
    expect(plain.read(header)).toBeUndefined();
  });

  test('has the attributes that keep pages and other hosts away', () => {
    expect(https.write('t')).toBe('__Host-subledger_session=t; Path=/; HttpOnly; Secure; SameSite=Lax');
    expect(plain.clear()).toContain('Max-Age=0');
  });
});

test('a CSRF token belongs to its session alone', () => {
  const [mine, theirs] = [newSessionToken(), newSessionToken()];
  expect(isCsrfTokenOf(mine, csrfTokenOf(mine))).toBe(true);
  for (const given of ['', mine, csrfTokenOf(theirs), `${csrfTokenOf(mine)} `])
    expect(isCsrfTokenOf(mine, given)).toBe(false);
});
