import type { PeriodClosing } from '@subledger/core';
import { bigint, Table, text, textArray, timestamptz } from '@subledger/database';
import type { StatementRow, SubAccountKey } from './rows.js';
import { conditional, inserting, type LaneStatement } from './statement.js';

const closing = (column: string, field: Exclude<keyof PeriodClosing, 'period'>) =>
  bigint<StatementRow>(column, (row) => row.closing?.[field] ?? 0n);

const STATEMENTS = new Table<StatementRow>('period_statements', [
  text('main_account_id', (row) => row.mainAccountId),
  text('sub_account_id', (row) => row.subAccountId),
  text('period', (row) => row.period),
  closing('opening', 'opening'),
  closing('point_limit', 'limit'),
  closing('boost', 'boost'),
  closing('granted', 'granted'),
  closing('used', 'used'),
  closing('overage', 'overage'),
  closing('held', 'held'),
  closing('returned', 'returned'),
  bigint('late_used', (row) => row.lateUsed),
  bigint('late_refunded', (row) => row.lateRefunded),
  bigint('late_returned', (row) => row.lateReturned),
  timestamptz('at', (row) => row.at),
]);

/**
 * Closes statements and adds late amounts to them. Closing figures are written once, with the row. Late amounts only
 * grow. A row with only late amounts is for a period before the sub-account existed.
 */
export const upsertStatements = inserting('ledger-statements', STATEMENTS, {
  onConflict: {
    key: ['main_account_id', 'sub_account_id', 'period'],
    set: [],
    setTo: {
      late_used: 't.late_used + excluded.late_used',
      late_refunded: 't.late_refunded + excluded.late_refunded',
      late_returned: 't.late_returned + excluded.late_returned',
    },
  },
});

/** Notes that tombstones have replaced the limit records of these sub-accounts. */
export const markTombstones = (rows: readonly SubAccountKey[]): LaneStatement =>
  conditional(
    'ledger-tombstones',
    `UPDATE sub_accounts s SET tombstoned_at = now()
      FROM unnest($1::text[], $2::text[]) AS gone (main, sub)
      WHERE s.main_account_id = gone.main AND s.sub_account_id = gone.sub`,
    [textArray(rows.map((row) => row.mainAccountId)), textArray(rows.map((row) => row.subAccountId))],
  );
