import { CALLERS } from './route.js';
import { route } from './route-parts.js';
import { changePassword, createSession, meView, sessionView } from './session.js';

const SESSION = '/v1/session' as const;
const withLogin = ['operator', 'main', 'sub'] as const;

/** Browser sessions, and what a sub-account sees of itself. */
export const sessionRoutes = {
  createSession: route({
    method: 'POST',
    path: SESSION,
    tag: 'Session',
    summary: 'Log in: sets the session’s cookie. The same answer for an unknown login and a wrong password',
    who: CALLERS,
    scope: 'write',
    open: true,
    body: createSession,
    answer: { status: 201, schema: sessionView, setsCookie: true },
    conflicts: ['unauthorized', 'forbidden', 'too-many-requests'],
  }),
  getSession: route({
    method: 'GET',
    path: SESSION,
    tag: 'Session',
    summary: 'Who you are, by session or key',
    who: CALLERS,
    scope: 'read',
    answer: { status: 200, schema: sessionView },
  }),
  deleteSession: route({
    method: 'DELETE',
    path: SESSION,
    tag: 'Session',
    summary: 'Log out',
    who: withLogin,
    scope: 'write',
    session: true,
    answer: { status: 204, setsCookie: true },
  }),
  changePassword: route({
    method: 'PUT',
    path: `${SESSION}/password`,
    tag: 'Session',
    summary: 'Change the own password: all sessions of the login end, this one goes on with a new cookie',
    who: withLogin,
    scope: 'write',
    session: true,
    body: changePassword,
    answer: { status: 200, schema: sessionView, setsCookie: true },
    conflicts: ['too-many-requests'],
  }),
  getMe: route({
    method: 'GET',
    path: '/v1/me',
    tag: 'Own sub-account',
    summary: 'The own sub-account, with what remains of its limit',
    who: ['sub'],
    scope: 'read',
    answer: { status: 200, schema: meView },
  }),
} as const;
