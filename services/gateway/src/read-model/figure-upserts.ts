import type { Statement } from '@subledger/database';
import { suspensionEntries } from '../audit/suspension-entries.js';
import type { Fold } from './fold-events.js';
import { lateFactsInsert, periodStartsUpsert, statementsUpsert } from './period-upserts.js';
import { mainsUpsert, subsUpsert, transfersInsert } from './upserts.js';

/**
 * An SQL statement for each table of figures that a batch changes, always in this order, so that two writers cannot
 * deadlock.
 */
export const figureUpserts = (fold: Fold): Statement[] => [
  ...made(fold.mains, mainsUpsert),
  ...made(fold.subs, subsUpsert),
  ...made(fold.transfers, transfersInsert),
  ...made(fold.closings, statementsUpsert),
  ...made(fold.lateFacts, lateFactsInsert),
  ...made(fold.periodStarts, periodStartsUpsert),
  ...made(fold.suspensions, suspensionEntries),
];

const made = <Row>(rows: readonly Row[], statement: (rows: readonly Row[]) => Statement): Statement[] =>
  rows.length > 0 ? [statement(rows)] : [];
