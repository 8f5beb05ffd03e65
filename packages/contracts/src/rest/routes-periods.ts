import { pageQuery } from './main-accounts.js';
import {
  ofPeriod,
  periodList,
  periodStatement,
  resetPreview,
  resetPreviewQuery,
  statementCsv,
} from './periods.js';
import { both, MAIN, ofMain, route } from './route-parts.js';

export const periodRoutes = {
  listPeriods: route({
    method: 'GET',
    path: `${MAIN}/periods`,
    tag: 'Periods',
    summary: 'The periods of a customer, the open one first',
    who: both,
    scope: 'read',
    params: ofMain,
    query: pageQuery,
    answer: { status: 200, schema: periodList },
  }),
  getPeriodStatement: route({
    method: 'GET',
    path: `${MAIN}/periods/{period}`,
    tag: 'Periods',
    summary: 'The statement of a period, a line per sub-account; of the open one as it is so far',
    who: both,
    scope: 'read',
    params: ofPeriod,
    query: pageQuery,
    answer: { status: 200, schema: periodStatement },
  }),
  exportPeriodStatement: route({
    method: 'GET',
    path: `${MAIN}/periods/{period}.csv`,
    tag: 'Periods',
    summary: 'The statement of a period as a CSV file, of one moment',
    who: both,
    scope: 'read',
    params: ofPeriod,
    answer: { status: 200, schema: statementCsv, mediaType: 'text/csv; charset=utf-8' },
    conflicts: ['too-many-requests'],
  }),
  previewReset: route({
    method: 'GET',
    path: `${MAIN}/reset-preview`,
    tag: 'Periods',
    summary: 'What the next month start will need, give and return, and who would be unfunded',
    who: both,
    scope: 'read',
    params: ofMain,
    query: resetPreviewQuery,
    answer: { status: 200, schema: resetPreview },
    conflicts: ['operation-in-progress', 'too-many-requests'],
  }),
} as const;
