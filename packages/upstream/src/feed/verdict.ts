import type { SubAccountStatus } from '@subledger/contracts';
import type { Points } from '@subledger/core';

/**
 * Why a message must not be sent:
 * - `limit`: the points left do not cover it (`remaining` says how many are left)
 * - `too-many-points`: it costs more than one message may; the ledger would not book its report
 * - `paused`, `unfunded`, `suspended`, `inactive`, `deleted`: the sub-account's status
 * - `unknown`: no limit record; that of a new sub-account may not have arrived yet
 * - `sender-not-allowed`: the sender is a number that the sub-account's profile does not list, or it is unreadable
 *   (docs/decisions/0031)
 * - `not-caught-up`: this instance does not know the current figures (it starts, has no connection, or takes over);
 *   try again
 * - `not-owner`: another instance answers for this main account; send the request there
 */
export type RefusalReason =
  | 'limit'
  | 'too-many-points'
  | Exclude<SubAccountStatus, 'active'>
  | 'unknown'
  | 'sender-not-allowed'
  | 'not-caught-up'
  | 'not-owner';

/** Answer of `check` and `take`. `remaining`: millipoints left before this message. */
export type Verdict =
  | { readonly allowed: true; readonly remaining?: Points }
  | { readonly allowed: false; readonly reason: RefusalReason; readonly remaining?: Points };

/** A message that is about to be sent. */
export interface Question {
  readonly subAccountId: string;
  /** Its cost: a decimal string of points (`"1.2"`), or a bigint of millipoints. @see parsePoints */
  readonly points: string | bigint;
  /** Its sender, in any notation. The profile must list a number. Names and short codes need no permission. */
  readonly sender?: string;
}
