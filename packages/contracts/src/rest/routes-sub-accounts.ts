import type { RouteDefinition } from './route.js';
import { both, MAIN, ofMain, ofSub, route, SUB } from './route-parts.js';
import {
  boost,
  createSubAccount,
  patchSubAccount,
  subAccountList,
  subAccountQuery,
  subAccountView,
} from './sub-accounts.js';
import { transferList, transferQuery } from './transfers.js';

export const subAccountRoutes = {
  createSubAccount: route({
    method: 'POST',
    path: `${MAIN}/sub-accounts`,
    tag: 'Sub-accounts',
    summary: 'Create a sub-account and move its limit to it, all or nothing',
    who: both,
    scope: 'write',
    params: ofMain,
    body: createSubAccount,
    answer: { status: 201, schema: subAccountView, etag: true },
    command: true,
    conflicts: ['name-taken', 'feature-inactive', 'too-many-sub-accounts', 'insufficient-main-balance'],
  }),
  listSubAccounts: route({
    method: 'GET',
    path: `${MAIN}/sub-accounts`,
    tag: 'Sub-accounts',
    summary: 'Sub-accounts with what remains of their limits',
    who: both,
    scope: 'read',
    params: ofMain,
    query: subAccountQuery,
    answer: { status: 200, schema: subAccountList },
  }),
  getSubAccount: route({
    method: 'GET',
    path: SUB,
    tag: 'Sub-accounts',
    summary: 'One sub-account; its ETag stands for its settings, not for its counters',
    who: both,
    scope: 'read',
    params: ofSub,
    answer: { status: 200, schema: subAccountView, etag: true },
  }),
  patchSubAccount: route({
    method: 'PATCH',
    path: SUB,
    tag: 'Sub-accounts',
    summary: 'Change limit, name, password, sender numbers or priority; all or nothing',
    who: both,
    scope: 'write',
    params: ofSub,
    body: patchSubAccount,
    answer: { status: 200, schema: subAccountView, etag: true },
    command: true,
    ifMatch: true,
    conflicts: ['name-taken', 'insufficient-main-balance'],
  }),
  deleteSubAccount: route({
    method: 'DELETE',
    path: SUB,
    tag: 'Sub-accounts',
    summary: 'Delete: unused points go back, the name is free at once',
    who: both,
    scope: 'write',
    params: ofSub,
    answer: { status: 204 },
    command: true,
  }),
  listSubAccountTransfers: route({
    method: 'GET',
    path: `${SUB}/transfers`,
    tag: 'Sub-accounts',
    summary: 'Statement of the sub-account, line by line',
    who: both,
    scope: 'read',
    params: ofSub,
    query: transferQuery,
    answer: { status: 200, schema: transferList },
  }),
  boostSubAccount: route({
    method: 'POST',
    path: `${SUB}/boost`,
    tag: 'Sub-accounts',
    summary: 'Raise the limit for the current period only',
    who: both,
    scope: 'write',
    params: ofSub,
    body: boost,
    answer: { status: 200, schema: subAccountView, etag: true },
    command: true,
    conflicts: ['sub-account-inactive', 'insufficient-main-balance'],
  }),
  ...subAccountAction('pauseSubAccount', 'pause', 'Stop sending; points stay', ['sub-account-inactive']),
  ...subAccountAction('resumeSubAccount', 'resume', 'Allow sending again', ['sub-account-inactive']),
  ...subAccountAction('deactivateSubAccount', 'deactivate', 'Deactivate; unused points go back', [
    'sub-account-inactive',
  ]),
  ...subAccountAction('reactivateSubAccount', 'reactivate', 'Reactivate and fund again', [
    'feature-inactive',
    'insufficient-main-balance',
  ]),
} as const;

/** A command on a sub-account that takes no body. */
function subAccountAction<const Id extends string>(
  id: Id,
  verb: string,
  summary: string,
  conflicts: RouteDefinition['conflicts'] & object,
) {
  const row = route({
    method: 'POST',
    path: `${SUB}/${verb}`,
    tag: 'Sub-accounts',
    summary,
    who: both,
    scope: 'write',
    params: ofSub,
    answer: { status: 200, schema: subAccountView, etag: true },
    command: true,
    conflicts,
  });
  return { [id]: row } as Record<Id, typeof row>;
}
