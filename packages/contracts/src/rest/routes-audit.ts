import { auditAllQuery, auditEntryList, auditQuery } from './audit.js';
import { both, MAIN, ofMain, operator, route } from './route-parts.js';

export const auditRoutes = {
  listAuditLog: route({
    method: 'GET',
    path: `${MAIN}/audit-log`,
    tag: 'Audit log',
    summary: 'Who changed what, newest first',
    who: both,
    scope: 'read',
    params: ofMain,
    query: auditQuery,
    answer: { status: 200, schema: auditEntryList },
  }),
  listAllAuditLog: route({
    method: 'GET',
    path: '/v1/audit-log',
    tag: 'Audit log',
    summary: 'Who changed what in all main accounts, and what belongs to none, newest first',
    who: operator,
    scope: 'read',
    query: auditAllQuery,
    answer: { status: 200, schema: auditEntryList },
  }),
} as const;
