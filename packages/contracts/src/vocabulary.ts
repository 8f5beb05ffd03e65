/**
 * The closed lists and limits that all other packages import: plain data without a schema library, so that the pure
 * core may import it too (docs/decisions/0001). A code, a status or a bound is written here and nowhere else.
 */

export const PLANS = ['prepay', 'postpay'] as const;
export type Plan = (typeof PLANS)[number];

/** What a funding pass does if `available` does not cover a whole shortfall (design, section 3). */
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
 * What stops all sending of a main account: an operator, `available` below `suspendBelow`, or a month start that
 * could not be computed (docs/decisions/0025, 0026). The last two begin and end automatically.
 */
export const SUSPENSIONS = ['operator', 'low-balance', 'month-start-failed'] as const;
export type Suspension = (typeof SUSPENSIONS)[number];
export const AUTOMATIC_SUSPENSIONS = [
  'low-balance',
  'month-start-failed',
] as const satisfies readonly Suspension[];
export type AutomaticSuspension = (typeof AUTOMATIC_SUSPENSIONS)[number];

/** Kinds of account that a transfer can name. `sub` and `hold` come with an id. */
export const ACCOUNT_KINDS = ['purchased', 'main', 'sub', 'hold', 'used'] as const;
export type AccountKind = (typeof ACCOUNT_KINDS)[number];

/** Why points moved: one word per reason, as statements show it. */
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
 * Every expected refusal of a command, in order of precedence: if more than one applies, the outcome names the first
 * of this list. A refusal changes nothing.
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

/**
 * Events that only follow from another event. The outcome of a command is its first event that is not in this list.
 */
export const FOLLOW_UP_EVENTS = [
  'sub-account.funded',
  'sub-account.rolled',
  'main-account.sending-stopped',
  'main-account.sending-resumed',
  'limit.exceeded',
  'snapshot.published',
] as const;

const FOLLOW_UPS: ReadonlySet<string> = new Set(FOLLOW_UP_EVENTS);

/** Whether an event of this name only follows from another event, so that it is not the outcome of a command. */
export const isFollowUp = (eventName: string): boolean => FOLLOW_UPS.has(eventName);

/** Why a record is dead-lettered to `deadletters.v1`. No points have moved, and an operator can replay it. */
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
 * Reasons why a fact cannot be true: its sender has a wrong unit, a wrong clock or a bug. Its messages are not
 * charged until an operator has looked. The ledger logs an error for each.
 */
export const IMPLAUSIBLE_REASONS = [
  'sent-in-future',
  'sent-too-long-ago',
  'too-many-points',
] as const satisfies readonly DeadLetterReason[];

/** Millipoints in one point: the smallest amount is 0.001 point. */
export const MILLIPOINTS_PER_POINT = 1_000n;
/**
 * Every amount of a command or message, and every credit limit, is below this many whole points. So every sum stays
 * far inside a signed 64-bit integer.
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
 * How long before the broker's clock a message's `sentAt` may be, in days. Charges and the message log are kept for
 * 13 months, including the current one. 365 days are within them, so that a repeat is recognized and the month has a
 * statement.
 */
export const MAX_SENT_BEHIND_DAYS = 365;
/**
 * Default maximum cost of one message or hold, in whole points. A higher cost is a wrong unit or a bug of the sender,
 * and must not empty an account.
 */
export const DEFAULT_MAX_MESSAGE_POINTS = 10_000;
/** Default maximum of sub-accounts (not deleted) of one main account. */
export const DEFAULT_MAX_SUB_ACCOUNTS = 100_000;
/** Range of funding priorities: lower is funded first. */
export const MIN_PRIORITY = 0;
export const MAX_PRIORITY = 1_000_000;
export const DEFAULT_PRIORITY = 100;
/** Time zone of a main account that specifies none. */
export const DEFAULT_TIME_ZONE = 'Asia/Tokyo';
/**
 * Country of a main account that specifies none: numbers without a country code are read as numbers of this country.
 */
export const DEFAULT_COUNTRY = 'JP';
/** Maximum size of a command's value, in bytes. Larger ones are dead-lettered as `oversized`. */
export const MAX_RECORD_BYTES = 256 * 1024;
/**
 * Maximum size of the value of a fact on `sms.messages.v1`, in bytes: the default maximum of a broker. A message with
 * long content was sent too, so it must be charged.
 */
export const MAX_MESSAGE_RECORD_BYTES = 1024 * 1024;

const OPEN: readonly RejectionCode[] = ['main-account-not-found'];
/** Refusals of commands that need the due month. */
const MONTH: readonly RejectionCode[] = [...OPEN, 'month-start-failed'];
const SUB: readonly RejectionCode[] = [...MONTH, 'sub-account-not-found'];

/**
 * Every refusal of every command, as in the rules table of `packages/core/README.md`. The core's simulation reaches each;
 * the API document lists each at the routes of the command.
 */
export const COMMAND_REFUSALS = {
  'main-account.open': ['already-exists'],
  'main-account.configure': [...OPEN, 'balance-due'],
  'main-account.suspend': OPEN,
  'main-account.resume': OPEN,
  'feature.activate': MONTH,
  'feature.deactivate': [...MONTH, 'sub-accounts-active'],
  'points.purchase': [...OPEN, 'invalid-amount', 'duplicate-reference'],
  'points.adjust': [...OPEN, 'invalid-amount', 'duplicate-reference', 'insufficient-main-balance'],
  'plan.switch': [...MONTH, 'sub-accounts-active', 'balance-due'],
  'sub-account.open': [
    ...MONTH,
    'already-exists',
    'feature-inactive',
    'too-many-sub-accounts',
    'insufficient-main-balance',
  ],
  'sub-account.configure': SUB,
  'limit.change': [...SUB, 'insufficient-main-balance'],
  'limit.boost': [...SUB, 'invalid-amount', 'sub-account-inactive', 'insufficient-main-balance'],
  'sub-account.pause': [...SUB, 'sub-account-inactive'],
  'sub-account.resume': [...SUB, 'sub-account-inactive'],
  'sub-account.deactivate': [...SUB, 'sub-account-inactive'],
  'sub-account.reactivate': [...SUB, 'feature-inactive', 'insufficient-main-balance'],
  'sub-account.delete': SUB,
  'hold.place': [
    ...OPEN,
    'sub-account-not-found',
    'invalid-amount',
    'already-charged',
    'hold-released',
    'already-held',
    'sub-account-inactive',
    'sub-account-suspended',
    'sub-account-paused',
    'sub-account-unfunded',
    'limit-exceeded',
  ],
  'hold.release': OPEN,
  'period.roll': [...MONTH, 'period-not-due'],
  'snapshot.request': OPEN,
} as const satisfies Readonly<Record<string, readonly RejectionCode[]>>;
