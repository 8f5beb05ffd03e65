import { both, MAIN, ofMain, operator, route } from './route-parts.js';
import { putSenderNumbers, senderNumbersView } from './sender-numbers.js';

/** K Premium numbers of a main account; its sub-accounts are allowed some of them. */
export const senderNumberRoutes = {
  getSenderNumbers: route({
    method: 'GET',
    path: `${MAIN}/sender-numbers`,
    tag: 'Sender numbers',
    summary: 'Registered sender numbers (K Premium)',
    who: both,
    scope: 'read',
    params: ofMain,
    answer: { status: 200, schema: senderNumbersView },
  }),
  putSenderNumbers: route({
    method: 'PUT',
    path: `${MAIN}/sender-numbers`,
    tag: 'Sender numbers',
    summary: 'Register sender numbers; one that is taken off disappears from all sub-accounts at once',
    who: operator,
    scope: 'write',
    params: ofMain,
    body: putSenderNumbers,
    answer: { status: 200, schema: senderNumbersView },
  }),
} as const;
