import type { SubAccountStatus } from '@subledger/contracts';
import type { Points } from '@subledger/core';

/**
 * Why a message must not be sent:
 * - `limit`: the points left do not cover it (`remaining` says what is left)
 * - `too-many-points`: more than one message may cost; the ledger would not book its report
 * - `paused`, `unfunded`, `suspended`, `inactive`, `deleted`: the sub-account's status
 * - `unknown`: no limit record; a new sub-account's may be on its way
 * - `sender-not-allowed`: the sender is a number that the sub-account's profile does not list, or cannot be read
 * - `not-caught-up`: this instance does not know the present figures (starting, out of touch, taking over); try again
 * - `not-owner`: another instance answers for this main account; send it there
 */
export type RefusalReason =
  | 'limit'
  | 'too-many-points'
  | Exclude<SubAccountStatus, 'active'>
  | 'unknown'
  | 'sender-not-allowed'
  | 'not-caught-up'
  | 'not-owner';

/** Answer of `check` and `take`. `remaining`: millipoints left, before this message. */
export type Verdict =
  | { readonly allowed: true; readonly remaining?: Points }
  | { readonly allowed: false; readonly reason: RefusalReason; readonly remaining?: Points };

/** A message that is about to be sent. */
export interface Question {
  readonly subAccountId: string;
  /** What it will cost: a decimal string (`"1.2"`) or millipoints. @see parsePoints */
  readonly points: string | bigint;
  /** What it will be sent as, however it is written: a number must be in the profile, names and short codes need not. */
  readonly sender?: string;
}
