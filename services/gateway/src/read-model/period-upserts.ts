import { parsePoints } from '@subledger/core';
import { columns, type Statement } from '@subledger/database';
import type { ClosingRow, LateFactRow, PeriodStartRow, StatementRow } from './period-rows.js';

/** A statement closes once; only a raised generation (a restored ledger) closes it again. */
export const statementsUpsert = (rows: readonly ClosingRow[]): Statement => ({
  name: 'statements',
  text: `INSERT INTO period_statement AS t (main_account_id, period, sub_account_id, generation, sequence, closed_at, opening,
       limit_points, boost, granted, used, overage, held, returned)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::timestamptz[], $7::bigint[],
       $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[])
     ON CONFLICT (main_account_id, period, sub_account_id) DO UPDATE SET
       generation = excluded.generation, sequence = excluded.sequence, closed_at = excluded.closed_at,
       opening = excluded.opening, limit_points = excluded.limit_points, boost = excluded.boost,
       granted = excluded.granted, used = excluded.used, overage = excluded.overage, held = excluded.held,
       returned = excluded.returned, late_used = 0, late_refunded = 0, late_returned = 0
     WHERE (excluded.generation, excluded.sequence) > (t.generation, t.sequence)`,
  values: columns(
    rows,
    (r) => r.mainAccountId,
    (r) => r.closed.period,
    (r) => r.subAccountId,
    (r) => r.generation,
    (r) => r.sequence,
    (r) => r.at,
    (r) => parsePoints(r.closed.opening),
    (r) => parsePoints(r.closed.limit),
    (r) => parsePoints(r.closed.boost),
    (r) => parsePoints(r.closed.granted),
    (r) => parsePoints(r.closed.used),
    (r) => parsePoints(r.closed.overage),
    (r) => parsePoints(r.closed.held),
    (r) => parsePoints(r.closed.returned),
  ),
});

/**
 * Statements as the ledger has them at the rows' position, late figures included: facts up to there are in them, and are
 * not added again when they are read. Older rows are replaced, and those that claim to be newer than all that is known of
 * the main account (damage). Those of a ledger that was restored since change nothing, as with transfers.
 */
export const snapshotStatementsUpsert = (rows: readonly StatementRow[]): Statement => ({
  name: 'snapshot-statements',
  text: `INSERT INTO period_statement AS t (main_account_id, period, sub_account_id, generation, sequence, closed_at, opening,
       limit_points, boost, granted, used, overage, held, returned, late_used, late_refunded, late_returned)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::timestamptz[], $7::bigint[],
       $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
       $15::bigint[], $16::bigint[], $17::bigint[])
     ON CONFLICT (main_account_id, period, sub_account_id) DO UPDATE SET
       generation = excluded.generation, sequence = excluded.sequence,
       closed_at = coalesce(excluded.closed_at, t.closed_at), opening = excluded.opening,
       limit_points = excluded.limit_points, boost = excluded.boost, granted = excluded.granted,
       used = excluded.used, overage = excluded.overage, held = excluded.held, returned = excluded.returned,
       late_used = excluded.late_used, late_refunded = excluded.late_refunded, late_returned = excluded.late_returned
     WHERE EXISTS (SELECT FROM main_account_state m
       WHERE m.main_account_id = t.main_account_id AND m.generation <= excluded.generation
        AND ((excluded.generation, excluded.sequence) > (t.generation, t.sequence)
          OR (t.generation, t.sequence) > (m.generation, m.sequence)))`,
  values: columns(
    rows,
    (r) => r.mainAccountId,
    (r) => r.statement.period,
    (r) => r.statement.subAccountId,
    (r) => r.generation,
    (r) => r.sequence,
    (r) => r.closedAt,
    (r) => parsePoints(r.statement.opening),
    (r) => parsePoints(r.statement.limit),
    (r) => parsePoints(r.statement.boost),
    (r) => parsePoints(r.statement.granted),
    (r) => parsePoints(r.statement.used),
    (r) => parsePoints(r.statement.overage),
    (r) => parsePoints(r.statement.held),
    (r) => parsePoints(r.statement.returned),
    (r) => parsePoints(r.statement.lateUsed),
    (r) => parsePoints(r.statement.lateRefunded),
    (r) => parsePoints(r.statement.lateReturned),
  ),
});

/** By the event's number, as the transfers: adding up happens when they are read, so a repeat cannot count twice. */
export const lateFactsInsert = (rows: readonly LateFactRow[]): Statement => ({
  name: 'late_facts',
  text: `INSERT INTO period_late_fact AS t (main_account_id, sequence, generation, period, sub_account_id, used, refunded,
       returned)
     SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
       $8::bigint[])
     ON CONFLICT (main_account_id, sequence) DO UPDATE SET
       generation = excluded.generation, period = excluded.period, sub_account_id = excluded.sub_account_id,
       used = excluded.used, refunded = excluded.refunded, returned = excluded.returned
     WHERE excluded.generation > t.generation`,
  values: columns(
    rows,
    (r) => r.mainAccountId,
    (r) => r.sequence,
    (r) => r.generation,
    (r) => r.period,
    (r) => r.subAccountId,
    (r) => r.used,
    (r) => r.refunded,
    (r) => r.returned,
  ),
});

export const turnsUpsert = (rows: readonly PeriodStartRow[]): Statement => ({
  name: 'turns',
  text: `INSERT INTO period_start AS t (main_account_id, period, generation, sequence, at, balance)
     SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::timestamptz[], $6::bigint[])
     ON CONFLICT (main_account_id, period) DO UPDATE SET
       generation = excluded.generation, sequence = excluded.sequence, at = excluded.at, balance = excluded.balance
     WHERE (excluded.generation, excluded.sequence) > (t.generation, t.sequence)`,
  values: columns(
    rows,
    (r) => r.mainAccountId,
    (r) => r.period,
    (r) => r.generation,
    (r) => r.sequence,
    (r) => r.at,
    (r) => r.balance,
  ),
});
