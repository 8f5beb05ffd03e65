/**
 * The closed lists and the limits that everything else imports: plain data, no schema library, so that the
 * pure core may import it too. A code, a status or a bound is written here and nowhere else.
 */

export const PLANS = ['prepay', 'postpay'] as const;
export type Plan = (typeof PLANS)[number];

/** What a funding pass does when `available` does not cover a whole shortfall (design, section 3). */
export const FUNDING_POLICIES = ['full', 'partial'] as const;
export type FundingPolicy = (typeof FUNDING_POLICIES)[number];

/** Shown status of a sub-account: the first that applies, in this order. */
export const SUB_ACCOUNT_STATUSES = [
  'deleted',
  'inactive',
  'suspended',
  'paused',
  'unfunded',
  'active',
] as const;
export type SubAccountStatus = (typeof SUB_ACCOUNT_STATUSES)[number];

/**
 * What stops all sending of a main account: an operator; `available` below `suspendBelow`; a month start that could not
 * be worked out. The last two begin and end by themselves.
 */
export const SUSPENSIONS = ['operator', 'low-balance', 'month-start-failed'] as const;
export type Suspension = (typeof SUSPENSIONS)[number];
export const AUTOMATIC_SUSPENSIONS = [
  'low-balance',
  'month-start-failed',
] as const satisfies readonly Suspension[];
export type AutomaticSuspension = (typeof AUTOMATIC_SUSPENSIONS)[number];

/** Kinds of account that a transfer can name; `sub` and `hold` come with an id. */
export const ACCOUNT_KINDS = ['purchased', 'main', 'sub', 'hold', 'used'] as const;
export type AccountKind = (typeof ACCOUNT_KINDS)[number];

/** Why points moved. One word per reason, shown in statements. */
export const TRANSFER_KINDS = [
  'purchase',
  'adjustment',
  'limit-grant',
  'limit-return',
  'month-return',
  'deactivation-return',
  'message-charge',
  'message-overage',
  'overage-repayment',
  'hold-placement',
  'hold-settlement',
  'hold-release',
  'refund',
] as const;
export type TransferKind = (typeof TRANSFER_KINDS)[number];

/**
 * Every expected refusal of a command, in order of precedence: where more than one applies, the outcome names
 * the first of this list. A refusal changes nothing.
 */
export const REJECTION_CODES = [
  'invalid-command',
  'idempotency-conflict',
  'main-account-not-found',
  'month-start-failed',
  'already-exists',
  'sub-account-not-found',
  'invalid-amount',
  'duplicate-reference',
  'period-not-due',
  'feature-inactive',
  'too-many-sub-accounts',
  'sub-accounts-active',
  'already-charged',
  'hold-released',
  'already-held',
  'sub-account-inactive',
  'sub-account-suspended',
  'sub-account-paused',
  'sub-account-unfunded',
  'limit-exceeded',
  'balance-due',
  'insufficient-main-balance',
] as const;
export type RejectionCode = (typeof REJECTION_CODES)[number];

/** Events that only follow from another one: the outcome of a command is its first event that is none of them. */
export const FOLLOW_UP_EVENTS = [
  'sub-account.funded',
  'sub-account.rolled',
  'main-account.sending-stopped',
  'main-account.sending-resumed',
  'limit.exceeded',
  'snapshot.published',
] as const;

const FOLLOW_UPS: ReadonlySet<string> = new Set(FOLLOW_UP_EVENTS);

/** @returns whether an event of this name only follows from another one, and so is no command's outcome */
export const isFollowUp = (eventName: string): boolean => FOLLOW_UPS.has(eventName);

/** Reasons why a record goes to `deadletters.v1`. Its points are untouched; an operator can replay it. */
export const DEAD_LETTER_REASONS = [
  'undecodable-batch',
  'empty',
  'oversized',
  'malformed-json',
  'duplicate-keys',
  'invalid-envelope',
  'unknown-type',
  'invalid-data',
  'wrong-key',
  'unknown-main-account',
  'unknown-sub-account',
  'sent-in-future',
  'sent-too-long-ago',
  'too-many-points',
  'unknown-message',
  'conflicting-duplicate',
  'unprocessable',
] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/**
 * Reasons for which a fact cannot be true: its sender has a wrong unit, a wrong clock or a bug, and its messages are not
 * charged until somebody looks. The ledger logs an error for each.
 */
export const IMPLAUSIBLE_REASONS = [
  'sent-in-future',
  'sent-too-long-ago',
  'too-many-points',
] as const satisfies readonly DeadLetterReason[];

/** Millipoints in one point: the smallest amount is 0.001 point. */
export const MILLIPOINTS_PER_POINT = 1_000n;
/**
 * Every amount of a command or message, and every credit limit, is below this many whole points. Keeps every sum far
 * inside a signed 64-bit integer.
 */
export const MAX_AMOUNT_POINTS = 1_000_000_000_000n;
/** Largest point limit and boost, in whole points. */
export const MAX_LIMIT_POINTS = 1_000_000_000n;
/** Default and longest life of a hold, in seconds. */
export const DEFAULT_HOLD_SECONDS = 15 * 60;
export const MAX_HOLD_SECONDS = 24 * 60 * 60;
/** How far ahead of the broker's clock a message's `sentAt` may be, in seconds. */
export const MAX_SENT_AHEAD_SECONDS = 24 * 60 * 60;
/**
 * How long before the broker's clock a message's `sentAt` may be, in days. Charges and the message log are kept for 13
 * months, the current one included: 365 days are within them, so a repeat is known, and its month has its statement.
 */
export const MAX_SENT_BEHIND_DAYS = 365;
/**
 * Most points, whole ones, that one message or hold may cost unless configured otherwise. More is a wrong unit or a bug
 * of the sender, and must not empty an account.
 */
export const DEFAULT_MAX_MESSAGE_POINTS = 10_000;
/** Sub-accounts (not deleted) that one main account may have unless configured otherwise. */
export const DEFAULT_MAX_SUB_ACCOUNTS = 100_000;
/** Funding priorities: lower is funded first. */
export const MIN_PRIORITY = 0;
export const MAX_PRIORITY = 1_000_000;
export const DEFAULT_PRIORITY = 100;
/** Time zone of a main account that names none. */
export const DEFAULT_TIME_ZONE = 'Asia/Tokyo';
/** Country of a main account that names none: numbers without a country code are read as its own. */
export const DEFAULT_COUNTRY = 'JP';
/** Largest value of a command that is read, in bytes; larger ones are dead-lettered as `oversized`. */
export const MAX_RECORD_BYTES = 256 * 1024;
/**
 * The same of a fact on `sms.messages.v1`: what a broker takes by default. A message was sent however long its content
 * is, so it must be charged.
 */
export const MAX_MESSAGE_RECORD_BYTES = 1024 * 1024;
