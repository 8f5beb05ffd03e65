import type { BookedReference, Charge, Hold, MainAccount, Refund, SubAccount } from '@subledger/core';
import { bigint, bool, int, Table, text, timestamptz } from '@subledger/database';
import { instantText } from '@subledger/wire';
import type { Owned } from './rows.js';
import { inserting } from './statement.js';

/**
 * The complete rows of the books, in their last version of the batch. Upserts instead of joins with `UPDATE … FROM
 * unnest()`: an upsert finds its row through the primary key, even if the planner has outdated statistics of a table
 * that was empty a moment ago. One SQL statement serves new and changed rows.
 */

const MAIN_ACCOUNTS = new Table<MainAccount>('main_accounts', [
  text('main_account_id', (row) => row.id),
  text('plan', (row) => row.plan),
  text('time_zone', (row) => row.timeZone),
  text('next_time_zone', (row) => row.nextTimeZone),
  bigint('credit_limit', (row) => row.creditLimit),
  text('funding_policy', (row) => row.fundingPolicy),
  bool('feature_active', (row) => row.featureActive),
  bool('suspended', (row) => row.suspended),
  text('period', (row) => row.period),
  timestamptz('period_opened_at', (row) => instantText(row.periodOpenedAt)),
  timestamptz('next_month_start', (row) => instantText(row.nextMonthStart)),
  bigint('balance', (row) => row.balance),
  bigint('purchased', (row) => row.purchased),
  bigint('used', (row) => row.used),
  bigint('held', (row) => row.held),
  bigint('granted', (row) => row.granted),
  int('active_sub_accounts', (row) => row.activeSubAccounts),
  int('sub_accounts', (row) => row.subAccounts),
  int('opened', (row) => row.opened),
  bigint('sequence', (row) => row.sequence),
  bigint('transfer_sequence', (row) => row.transferSequence),
  bigint('suspend_below', (row) => row.suspendBelow),
  bool('month_start_failed', (row) => row.monthStartFailed),
]);
export const upsertMainAccounts = inserting('ledger-main-accounts', MAIN_ACCOUNTS, {
  onConflict: { key: ['main_account_id'] },
});

const SUB_ACCOUNTS = new Table<Owned<SubAccount>>('sub_accounts', [
  text('main_account_id', (owned) => owned.mainAccountId),
  text('sub_account_id', ({ row }) => row.id),
  int('ordinal', ({ row }) => row.ordinal),
  text('lifecycle', ({ row }) => row.lifecycle),
  bool('paused', ({ row }) => row.paused),
  int('priority', ({ row }) => row.priority),
  bigint('point_limit', ({ row }) => row.limit),
  bigint('next_limit', ({ row }) => row.nextLimit),
  text('period', ({ row }) => row.period),
  bigint('boost', ({ row }) => row.boost),
  bigint('used', ({ row }) => row.used),
  bigint('overage', ({ row }) => row.overage),
  bigint('held', ({ row }) => row.held),
  bigint('remaining', ({ row }) => row.remaining),
  bigint('opening', ({ row }) => row.opening),
  timestamptz('deleted_at', ({ row }) => (row.deletedAt === null ? null : instantText(row.deletedAt))),
]);
export const upsertSubAccounts = inserting('ledger-sub-accounts', SUB_ACCOUNTS, {
  onConflict: { key: ['main_account_id', 'sub_account_id'] },
});

const HOLDS = new Table<Owned<Hold>>('holds', [
  text('main_account_id', (owned) => owned.mainAccountId),
  text('message_id', ({ row }) => row.messageId),
  text('sub_account_id', ({ row }) => row.subAccountId),
  text('period', ({ row }) => row.period),
  bigint('points', ({ row }) => row.points),
  text('state', ({ row }) => row.state),
  timestamptz('expires_at', ({ row }) => instantText(row.expiresAt)),
  timestamptz('at', (owned) => owned.at),
]);
export const upsertHolds = inserting('ledger-holds', HOLDS, {
  onConflict: { key: ['main_account_id', 'message_id'], set: ['points', 'state'] },
});

const CHARGES = new Table<Owned<Charge>>('charges', [
  text('main_account_id', (owned) => owned.mainAccountId),
  text('message_id', ({ row }) => row.messageId),
  text('sub_account_id', ({ row }) => row.subAccountId),
  text('period', ({ row }) => row.period),
  bigint('points', ({ row }) => row.points),
  bigint('refunded', ({ row }) => row.refunded),
  timestamptz('at', (owned) => owned.at),
]);
export const upsertCharges = inserting('ledger-charges', CHARGES, {
  onConflict: { key: ['main_account_id', 'message_id'], set: ['refunded'] },
});

const REFERENCES = new Table<Owned<BookedReference>>('booked_references', [
  text('main_account_id', (owned) => owned.mainAccountId),
  text('reference_key', ({ row }) => row.key),
  bigint('transfer', ({ row }) => row.transfer),
  bigint('points', ({ row }) => row.points),
  timestamptz('at', (owned) => owned.at),
]);
export const insertReferences = inserting('ledger-references', REFERENCES);

const REFUNDS = new Table<Owned<Refund>>('refunds', [
  text('main_account_id', (owned) => owned.mainAccountId),
  text('refund_id', ({ row }) => row.refundId),
  text('message_id', ({ row }) => row.messageId),
  bigint('points', ({ row }) => row.points),
  timestamptz('at', (owned) => owned.at),
]);
export const insertRefunds = inserting('ledger-refunds', REFUNDS);
