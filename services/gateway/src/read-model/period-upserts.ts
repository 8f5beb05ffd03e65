import { parsePoints } from '@subledger/core';
import { bigint, type Column, int, Table, text, timestamptz } from '@subledger/database';
import type { ClosingRow, LateFactRow, PeriodStartRow, StatementRow } from './period-rows.js';
import { upserting } from './upserting.js';
import { IS_NEWER } from './upserts.js';

type Figures = Record<
  'opening' | 'limit' | 'boost' | 'granted' | 'used' | 'overage' | 'held' | 'returned',
  string
>;

/** The figures that a statement closes with. */
const figures = <Row>(of: (row: Row) => Figures): Column<Row>[] => [
  bigint('opening', (r) => parsePoints(of(r).opening)),
  bigint('limit_points', (r) => parsePoints(of(r).limit)),
  bigint('boost', (r) => parsePoints(of(r).boost)),
  bigint('granted', (r) => parsePoints(of(r).granted)),
  bigint('used', (r) => parsePoints(of(r).used)),
  bigint('overage', (r) => parsePoints(of(r).overage)),
  bigint('held', (r) => parsePoints(of(r).held)),
  bigint('returned', (r) => parsePoints(of(r).returned)),
];
const STATEMENT_KEY = ['main_account_id', 'period', 'sub_account_id'];

const STATEMENTS = new Table<ClosingRow>('period_statement', [
  text('main_account_id', (r) => r.mainAccountId),
  text('period', (r) => r.closed.period),
  text('sub_account_id', (r) => r.subAccountId),
  int('generation', (r) => r.generation),
  bigint('sequence', (r) => r.sequence),
  timestamptz('closed_at', (r) => r.at),
  ...figures<ClosingRow>((r) => r.closed),
]);

/** A statement closes once. Only a raised generation (a restored ledger) closes it again. */
export const statementsUpsert = upserting('statements', STATEMENTS, {
  key: STATEMENT_KEY,
  setTo: { late_used: '0', late_refunded: '0', late_returned: '0' },
  where: IS_NEWER,
});

const SNAPSHOT_STATEMENTS = new Table<StatementRow>('period_statement', [
  text('main_account_id', (r) => r.mainAccountId),
  text('period', (r) => r.statement.period),
  text('sub_account_id', (r) => r.statement.subAccountId),
  int('generation', (r) => r.generation),
  bigint('sequence', (r) => r.sequence),
  timestamptz('closed_at', (r) => r.closedAt),
  ...figures<StatementRow>((r) => r.statement),
  bigint('late_used', (r) => parsePoints(r.statement.lateUsed)),
  bigint('late_refunded', (r) => parsePoints(r.statement.lateRefunded)),
  bigint('late_returned', (r) => parsePoints(r.statement.lateReturned)),
]);

/**
 * Statements of a snapshot, including late figures up to the position of the rows. Those late facts are then not
 * added again when statements are read. The upsert replaces older rows, and rows that are newer than everything known
 * of the main account (damage). Rows of a ledger that was restored since then change nothing, as with transfers.
 */
export const snapshotStatementsUpsert = upserting('snapshot-statements', SNAPSHOT_STATEMENTS, {
  key: STATEMENT_KEY,
  setTo: { closed_at: 'coalesce(excluded.closed_at, t.closed_at)' },
  where: `EXISTS (SELECT FROM main_account_state m
       WHERE m.main_account_id = t.main_account_id AND m.generation <= excluded.generation
        AND (${IS_NEWER} OR (t.generation, t.sequence) > (m.generation, m.sequence)))`,
});

const LATE_FACTS = new Table<LateFactRow>('period_late_fact', [
  text('main_account_id', (r) => r.mainAccountId),
  bigint('sequence', (r) => r.sequence),
  int('generation', (r) => r.generation),
  text('period', (r) => r.period),
  text('sub_account_id', (r) => r.subAccountId),
  bigint('used', (r) => r.used),
  bigint('refunded', (r) => r.refunded),
  bigint('returned', (r) => r.returned),
]);

/**
 * By the event's number, like transfers. The sum is computed when statements are read, so a repeat cannot count
 * twice.
 */
export const lateFactsInsert = upserting('late_facts', LATE_FACTS, {
  key: ['main_account_id', 'sequence'],
  where: 'excluded.generation > t.generation',
});

const PERIOD_STARTS = new Table<PeriodStartRow>('period_start', [
  text('main_account_id', (r) => r.mainAccountId),
  text('period', (r) => r.period),
  int('generation', (r) => r.generation),
  bigint('sequence', (r) => r.sequence),
  timestamptz('at', (r) => r.at),
  bigint('balance', (r) => r.balance),
]);
export const periodStartsUpsert = upserting('period_starts', PERIOD_STARTS, {
  key: ['main_account_id', 'period'],
  where: IS_NEWER,
});
