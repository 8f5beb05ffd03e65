import { z } from 'zod';
import { accountPassword } from './fields.js';
import { both, MAIN, ofMain, ofSub, operator, route, SUB } from './route-parts.js';

const setPassword = z
  .strictObject({ password: accountPassword.meta({ description: 'The new password of its login' }) })
  .meta({ id: 'SetPassword' });

/** Help for users who cannot log in, or whose sessions were stolen. */
export const loginRoutes = {
  setMainAccountPassword: route({
    method: 'PUT',
    path: `${MAIN}/password`,
    tag: 'Access',
    summary:
      'Set the password of the customer’s login: its sessions end, and waits for failed logins are over',
    who: operator,
    scope: 'write',
    params: ofMain,
    body: setPassword,
    answer: { status: 204 },
  }),
  endMainAccountSessions: route({
    method: 'DELETE',
    path: `${MAIN}/sessions`,
    tag: 'Access',
    summary: 'End all sessions of the customer’s login, also the one that asks; those of sub-accounts go on',
    who: both,
    scope: 'write',
    params: ofMain,
    answer: { status: 204 },
  }),
  endSubAccountSessions: route({
    method: 'DELETE',
    path: `${SUB}/sessions`,
    tag: 'Access',
    summary: 'End all sessions of a sub-account; it may log in again',
    who: both,
    scope: 'write',
    params: ofSub,
    answer: { status: 204 },
  }),
  resetLoginAttempts: route({
    method: 'POST',
    path: `${MAIN}/login-attempts:reset`,
    tag: 'Access',
    summary: 'Forget the failed logins to a customer and its sub-accounts, so that nobody waits for them',
    who: operator,
    scope: 'write',
    params: ofMain,
    answer: { status: 204 },
  }),
} as const;
