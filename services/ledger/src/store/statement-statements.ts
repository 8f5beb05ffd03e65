import type { PeriodClosing } from '@subledger/core';
import type { Statement } from '@subledger/database';
import { plainArray, textArray } from '@subledger/database';
import type { StatementRow, SubAccountKey } from './rows.js';
import { AND_OURS, WHERE_OURS } from './statement.js';

/**
 * Closes statements and adds late amounts to them. Closing figures are written once, with the row. Late amounts only
 * grow. A row with only late amounts is for a period before the sub-account existed.
 */
export function upsertStatements(rows: readonly StatementRow[]): Statement {
  const closing = (field: Exclude<keyof PeriodClosing, 'period'>) =>
    plainArray(rows.map((row) => row.closing?.[field] ?? 0n));
  return {
    name: 'ledger-statements',
    text: `INSERT INTO period_statements AS s (main_account_id, sub_account_id, period, opening, point_limit, boost,
        granted, used, overage, held, returned, late_used, late_refunded, late_returned, at)
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
        $15::timestamptz[]) ${WHERE_OURS}
      ON CONFLICT (main_account_id, sub_account_id, period) DO UPDATE SET
        late_used = s.late_used + excluded.late_used, late_refunded = s.late_refunded + excluded.late_refunded,
        late_returned = s.late_returned + excluded.late_returned`,
    values: [
      textArray(rows.map((row) => row.mainAccountId)),
      textArray(rows.map((row) => row.subAccountId)),
      textArray(rows.map((row) => row.period)),
      closing('opening'),
      closing('limit'),
      closing('boost'),
      closing('granted'),
      closing('used'),
      closing('overage'),
      closing('held'),
      closing('returned'),
      plainArray(rows.map((row) => row.lateUsed)),
      plainArray(rows.map((row) => row.lateRefunded)),
      plainArray(rows.map((row) => row.lateReturned)),
      textArray(rows.map((row) => row.at)),
    ],
  };
}

/** Notes that tombstones have replaced the limit records of these sub-accounts. */
export function markTombstones(rows: readonly SubAccountKey[]): Statement {
  return {
    name: 'ledger-tombstones',
    text: `UPDATE sub_accounts s SET tombstoned_at = now()
      FROM unnest($1::text[], $2::text[]) AS gone (main, sub)
      WHERE s.main_account_id = gone.main AND s.sub_account_id = gone.sub ${AND_OURS}`,
    values: [textArray(rows.map((row) => row.mainAccountId)), textArray(rows.map((row) => row.subAccountId))],
  };
}
