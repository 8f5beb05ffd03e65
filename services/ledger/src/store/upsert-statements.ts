import type { BookedReference, Charge, Hold, MainAccount, Refund, SubAccount } from '@subledger/core';
import type { Statement } from '@subledger/database';
import { plainArray, textArray } from '@subledger/database';
import { instantText } from '../wire/instant-text.js';
import type { Owned } from './rows.js';
import { WHERE_OURS } from './statement.js';

/**
 * The complete rows of the books, in their last version of the batch. Upserts instead of joins with `UPDATE … FROM
 * unnest()`: an upsert finds its row through the primary key, even if the planner has outdated statistics of a table
 * that was empty a moment ago. One SQL statement serves new and changed rows.
 */

export function upsertMainAccounts(rows: readonly MainAccount[]): Statement {
  return {
    name: 'ledger-main-accounts',
    text: `INSERT INTO main_accounts (main_account_id, plan, time_zone, next_time_zone, credit_limit,
        funding_policy, feature_active, suspended, period, period_opened_at, next_month_start, balance, purchased,
        used, held, granted, active_sub_accounts, sub_accounts, opened, sequence, transfer_sequence, suspend_below,
        month_start_failed)
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bool[],
        $8::bool[], $9::text[], $10::timestamptz[], $11::timestamptz[], $12::bigint[], $13::bigint[], $14::bigint[],
        $15::bigint[], $16::bigint[], $17::int[], $18::int[], $19::int[], $20::bigint[], $21::bigint[],
        $22::bigint[], $23::bool[]) ${WHERE_OURS}
      ON CONFLICT (main_account_id) DO UPDATE SET plan = excluded.plan, time_zone = excluded.time_zone,
        next_time_zone = excluded.next_time_zone, credit_limit = excluded.credit_limit,
        funding_policy = excluded.funding_policy, feature_active = excluded.feature_active,
        suspended = excluded.suspended, period = excluded.period, period_opened_at = excluded.period_opened_at,
        next_month_start = excluded.next_month_start, balance = excluded.balance, purchased = excluded.purchased,
        used = excluded.used, held = excluded.held, granted = excluded.granted,
        active_sub_accounts = excluded.active_sub_accounts, sub_accounts = excluded.sub_accounts,
        opened = excluded.opened, sequence = excluded.sequence, transfer_sequence = excluded.transfer_sequence,
        suspend_below = excluded.suspend_below, month_start_failed = excluded.month_start_failed`,
    values: [
      textArray(rows.map((row) => row.id)),
      textArray(rows.map((row) => row.plan)),
      textArray(rows.map((row) => row.timeZone)),
      textArray(rows.map((row) => row.nextTimeZone)),
      plainArray(rows.map((row) => row.creditLimit)),
      textArray(rows.map((row) => row.fundingPolicy)),
      plainArray(rows.map((row) => row.featureActive)),
      plainArray(rows.map((row) => row.suspended)),
      textArray(rows.map((row) => row.period)),
      textArray(rows.map((row) => instantText(row.periodOpenedAt))),
      textArray(rows.map((row) => instantText(row.nextMonthStart))),
      plainArray(rows.map((row) => row.balance)),
      plainArray(rows.map((row) => row.purchased)),
      plainArray(rows.map((row) => row.used)),
      plainArray(rows.map((row) => row.held)),
      plainArray(rows.map((row) => row.granted)),
      plainArray(rows.map((row) => row.activeSubAccounts)),
      plainArray(rows.map((row) => row.subAccounts)),
      plainArray(rows.map((row) => row.opened)),
      plainArray(rows.map((row) => row.sequence)),
      plainArray(rows.map((row) => row.transferSequence)),
      plainArray(rows.map((row) => row.suspendBelow)),
      plainArray(rows.map((row) => row.monthStartFailed)),
    ],
  };
}

export function upsertSubAccounts(rows: readonly Owned<SubAccount>[]): Statement {
  return {
    name: 'ledger-sub-accounts',
    text: `INSERT INTO sub_accounts (main_account_id, sub_account_id, ordinal, lifecycle, paused, priority,
        point_limit, next_limit, period, boost, used, overage, held, remaining, opening, deleted_at)
      SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::bool[], $6::int[], $7::bigint[],
        $8::bigint[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
        $15::bigint[], $16::timestamptz[]) ${WHERE_OURS}
      ON CONFLICT (main_account_id, sub_account_id) DO UPDATE SET lifecycle = excluded.lifecycle,
        paused = excluded.paused, priority = excluded.priority, point_limit = excluded.point_limit,
        next_limit = excluded.next_limit, period = excluded.period, boost = excluded.boost, used = excluded.used,
        overage = excluded.overage, held = excluded.held, remaining = excluded.remaining,
        opening = excluded.opening, deleted_at = excluded.deleted_at`,
    values: [
      textArray(rows.map((owned) => owned.mainAccountId)),
      textArray(rows.map(({ row }) => row.id)),
      plainArray(rows.map(({ row }) => row.ordinal)),
      textArray(rows.map(({ row }) => row.lifecycle)),
      plainArray(rows.map(({ row }) => row.paused)),
      plainArray(rows.map(({ row }) => row.priority)),
      plainArray(rows.map(({ row }) => row.limit)),
      plainArray(rows.map(({ row }) => row.nextLimit)),
      textArray(rows.map(({ row }) => row.period)),
      plainArray(rows.map(({ row }) => row.boost)),
      plainArray(rows.map(({ row }) => row.used)),
      plainArray(rows.map(({ row }) => row.overage)),
      plainArray(rows.map(({ row }) => row.held)),
      plainArray(rows.map(({ row }) => row.remaining)),
      plainArray(rows.map(({ row }) => row.opening)),
      textArray(rows.map(({ row }) => (row.deletedAt === null ? null : instantText(row.deletedAt)))),
    ],
  };
}

export function upsertHolds(rows: readonly Owned<Hold>[]): Statement {
  return {
    name: 'ledger-holds',
    text: `INSERT INTO holds (main_account_id, message_id, sub_account_id, period, points, state, expires_at, at)
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[],
        $7::timestamptz[], $8::timestamptz[]) ${WHERE_OURS}
      ON CONFLICT (main_account_id, message_id) DO UPDATE SET points = excluded.points, state = excluded.state`,
    values: [
      textArray(rows.map((owned) => owned.mainAccountId)),
      textArray(rows.map(({ row }) => row.messageId)),
      textArray(rows.map(({ row }) => row.subAccountId)),
      textArray(rows.map(({ row }) => row.period)),
      plainArray(rows.map(({ row }) => row.points)),
      textArray(rows.map(({ row }) => row.state)),
      textArray(rows.map(({ row }) => instantText(row.expiresAt))),
      textArray(rows.map((owned) => owned.at)),
    ],
  };
}

export function upsertCharges(rows: readonly Owned<Charge>[]): Statement {
  return {
    name: 'ledger-charges',
    text: `INSERT INTO charges (main_account_id, message_id, sub_account_id, period, points, refunded, at)
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
        $7::timestamptz[]) ${WHERE_OURS}
      ON CONFLICT (main_account_id, message_id) DO UPDATE SET refunded = excluded.refunded`,
    values: [
      textArray(rows.map((owned) => owned.mainAccountId)),
      textArray(rows.map(({ row }) => row.messageId)),
      textArray(rows.map(({ row }) => row.subAccountId)),
      textArray(rows.map(({ row }) => row.period)),
      plainArray(rows.map(({ row }) => row.points)),
      plainArray(rows.map(({ row }) => row.refunded)),
      textArray(rows.map((owned) => owned.at)),
    ],
  };
}

export function insertReferences(rows: readonly Owned<BookedReference>[]): Statement {
  return {
    name: 'ledger-references',
    text: `INSERT INTO booked_references (main_account_id, reference_key, transfer, points, at)
      SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[]) ${WHERE_OURS}`,
    values: [
      textArray(rows.map((owned) => owned.mainAccountId)),
      textArray(rows.map(({ row }) => row.key)),
      plainArray(rows.map(({ row }) => row.transfer)),
      plainArray(rows.map(({ row }) => row.points)),
      textArray(rows.map((owned) => owned.at)),
    ],
  };
}

export function insertRefunds(rows: readonly Owned<Refund>[]): Statement {
  return {
    name: 'ledger-refunds',
    text: `INSERT INTO refunds (main_account_id, refund_id, message_id, points, at)
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[]) ${WHERE_OURS}`,
    values: [
      textArray(rows.map((owned) => owned.mainAccountId)),
      textArray(rows.map(({ row }) => row.refundId)),
      textArray(rows.map(({ row }) => row.messageId)),
      plainArray(rows.map(({ row }) => row.points)),
      textArray(rows.map((owned) => owned.at)),
    ],
  };
}
