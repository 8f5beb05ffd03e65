import type { FundingPolicy, Plan } from '@subledger/contracts';
import type {
  BookedReference,
  Charge,
  Hold,
  HoldState,
  Lifecycle,
  MainAccount,
  Points,
  Refund,
  SubAccount,
} from '@subledger/core';

/** Rows of the books as `pg` reads them (bigint columns as `bigint`), and the domain's view of them. */

export interface MainRow {
  main_account_id: string;
  plan: string;
  time_zone: string;
  next_time_zone: string | null;
  credit_limit: bigint | null;
  funding_policy: string;
  feature_active: boolean;
  suspended: boolean;
  suspend_below: bigint | null;
  month_start_failed: boolean;
  period: string;
  period_opened_at: Date;
  next_month_start: Date;
  balance: bigint;
  purchased: bigint;
  used: bigint;
  held: bigint;
  granted: bigint;
  active_sub_accounts: number;
  sub_accounts: number;
  opened: number;
  sequence: bigint;
  transfer_sequence: bigint;
}

export const toMainAccount = (row: MainRow): MainAccount => ({
  id: row.main_account_id,
  plan: row.plan as Plan,
  timeZone: row.time_zone,
  nextTimeZone: row.next_time_zone,
  creditLimit: row.credit_limit as Points | null,
  fundingPolicy: row.funding_policy as FundingPolicy,
  featureActive: row.feature_active,
  suspended: row.suspended,
  suspendBelow: row.suspend_below as Points | null,
  monthStartFailed: row.month_start_failed,
  period: row.period,
  periodOpenedAt: row.period_opened_at.getTime(),
  nextMonthStart: row.next_month_start.getTime(),
  balance: row.balance as Points,
  purchased: row.purchased as Points,
  used: row.used as Points,
  held: row.held as Points,
  granted: row.granted as Points,
  activeSubAccounts: row.active_sub_accounts,
  subAccounts: row.sub_accounts,
  opened: row.opened,
  sequence: Number(row.sequence),
  transferSequence: Number(row.transfer_sequence),
});

export interface SubRow {
  main_account_id: string;
  sub_account_id: string;
  ordinal: number;
  lifecycle: string;
  paused: boolean;
  priority: number;
  point_limit: bigint;
  next_limit: bigint | null;
  period: string;
  boost: bigint;
  used: bigint;
  overage: bigint;
  held: bigint;
  remaining: bigint;
  opening: bigint;
  deleted_at: Date | null;
}

export const toSubAccount = (row: SubRow): SubAccount => ({
  id: row.sub_account_id,
  ordinal: row.ordinal,
  lifecycle: row.lifecycle as Lifecycle,
  paused: row.paused,
  priority: row.priority,
  limit: row.point_limit as Points,
  nextLimit: row.next_limit as Points | null,
  period: row.period,
  boost: row.boost as Points,
  used: row.used as Points,
  overage: row.overage as Points,
  held: row.held as Points,
  remaining: row.remaining as Points,
  opening: row.opening as Points,
  deletedAt: row.deleted_at?.getTime() ?? null,
});

export interface HoldRow {
  main_account_id: string;
  message_id: string;
  sub_account_id: string | null;
  period: string;
  points: bigint;
  state: string;
  expires_at: Date;
}

export const toHold = (row: HoldRow): Hold => ({
  messageId: row.message_id,
  subAccountId: row.sub_account_id,
  period: row.period,
  points: row.points as Points,
  state: row.state as HoldState,
  expiresAt: row.expires_at.getTime(),
});

export interface ChargeRow {
  main_account_id: string;
  message_id: string;
  sub_account_id: string;
  period: string;
  points: bigint;
  refunded: bigint;
}

export const toCharge = (row: ChargeRow): Charge => ({
  messageId: row.message_id,
  subAccountId: row.sub_account_id,
  period: row.period,
  points: row.points as Points,
  refunded: row.refunded as Points,
});

export interface RefundRow {
  main_account_id: string;
  refund_id: string;
  message_id: string;
  points: bigint;
}

export const toRefund = (row: RefundRow): Refund => ({
  refundId: row.refund_id,
  messageId: row.message_id,
  points: row.points as Points,
});

export interface ReferenceRow {
  main_account_id: string;
  reference_key: string;
  transfer: bigint;
  points: bigint;
  at: Date;
}

export const toReference = (row: ReferenceRow): BookedReference => ({
  key: row.reference_key,
  transfer: Number(row.transfer),
  points: row.points as Points,
  at: row.at.getTime(),
});
