import { both, MAIN, ofMain, operator, route } from './route-parts.js';
import { EVENT_STREAM_MEDIA_TYPE, eventStream } from './stream.js';

const answer = { status: 200, schema: eventStream, mediaType: EVENT_STREAM_MEDIA_TYPE } as const;
const conflicts = ['too-many-requests'] as const;

/** Server-sent events about changes. */
export const streamRoutes = {
  streamMainAccount: route({
    method: 'GET',
    path: `${MAIN}/stream`,
    tag: 'Streams',
    summary: 'Changes of a main account and its sub-accounts, and operations that end, as server-sent events',
    who: both,
    scope: 'read',
    params: ofMain,
    answer,
    conflicts,
  }),
  streamAll: route({
    method: 'GET',
    path: '/v1/stream',
    tag: 'Streams',
    summary: 'Changes of all main accounts (without their sub-accounts), and operators’ operations that end',
    who: operator,
    scope: 'read',
    answer,
    conflicts,
  }),
  streamOwn: route({
    method: 'GET',
    path: '/v1/me/stream',
    tag: 'Streams',
    summary: 'Changes of the own sub-account as server-sent events',
    who: ['sub'],
    scope: 'read',
    answer,
    conflicts,
  }),
} as const;
