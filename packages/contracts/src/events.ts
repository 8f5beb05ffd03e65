import { z } from 'zod';
import { cloudEvent } from './envelope.js';
import {
  creditLimit,
  foreignId,
  instant,
  mainAccountId,
  nextTimeZone,
  period,
  pointLimit,
  points,
  subAccountId,
  suspendBelow,
  timeZone,
} from './scalars.js';
import {
  ACCOUNT_KINDS,
  AUTOMATIC_SUSPENSIONS,
  FUNDING_POLICIES,
  PLANS,
  REJECTION_CODES,
  SUB_ACCOUNT_STATUSES,
  SUSPENSIONS,
  TRANSFER_KINDS,
} from './vocabulary.js';

/** One transfer of points from `from` to `to`, with the balance of both accounts after it. */
export const transferView = z
  .looseObject({
    /** Numbers the transfers of one main account: 1, 2, 3 … without a gap. */
    sequence: z.int().min(1),
    kind: z.enum(TRANSFER_KINDS),
    from: z.enum(ACCOUNT_KINDS),
    to: z.enum(ACCOUNT_KINDS),
    points,
    fromBalance: points,
    toBalance: points,
    /** The sub-account of the transfer, also if neither end is its account (overage, late facts). */
    subAccountId: subAccountId.nullable(),
    /** The message of the hold, if an end is a hold. */
    messageId: foreignId.nullable(),
    /** The period that the transfer counts to. */
    period,
    /** Order number, reason, or message id. */
    reference: z.string(),
  })
  .meta({ id: 'Transfer' });
export type TransferView = z.infer<typeof transferView>;

/** The main account's state in the ledger after the event. `available` is null if credit is unlimited. */
export const mainAccountState = z
  .looseObject({
    plan: z.enum(PLANS),
    timeZone,
    creditLimit,
    fundingPolicy: z.enum(FUNDING_POLICIES),
    feature: z.enum(['inactive', 'active']),
    suspended: z.boolean().describe('whether all sending is stopped; `suspensions` says why'),
    /** Older ledgers do not send these three. */
    suspensions: z.array(z.enum(SUSPENSIONS)).optional().describe('why all sending is stopped'),
    suspendBelow: suspendBelow.optional(),
    nextTimeZone: nextTimeZone.optional(),
    period,
    nextMonthStart: instant,
    balance: points,
    available: points.nullable(),
    /** Points in sub-accounts and holds. */
    allocated: points,
    held: points,
    purchased: points,
    used: points,
    activeSubAccounts: z.int().min(0),
  })
  .meta({ id: 'MainAccountState' });
export type MainAccountState = z.infer<typeof mainAccountState>;

/** The sub-account's state in the ledger after the event. The field names are those of the design, section 2. */
export const subAccountState = z
  .looseObject({
    subAccountId,
    lifecycle: z.enum(['active', 'inactive', 'deleted']),
    paused: z.boolean(),
    status: z.enum(SUB_ACCOUNT_STATUSES),
    period,
    limit: pointLimit,
    nextLimit: pointLimit.nullable(),
    boost: points,
    granted: points,
    used: points,
    overage: points,
    held: points,
    remaining: points,
    shortfall: points,
    priority: z.int(),
    /** Older ledgers do not send these fields. */
    ordinal: z
      .int()
      .min(0)
      .optional()
      .describe('number in the order of creation; at the same priority, the lower number is funded first'),
    opening: points
      .optional()
      .describe('points at the start of the period, or at its opening if that was later'),
  })
  .meta({ id: 'SubAccountState' });
export type SubAccountState = z.infer<typeof subAccountState>;

/** What the ledger acted on: a command, a message fact, or the clock (an implicit month start). */
const cause = z.object({ kind: z.enum(['command', 'message', 'clock']), id: foreignId, type: z.string() });

/**
 * Fields of every ledger event. They carry the resulting state, so that a reader upserts by (`generation`,
 * `sequence`).
 */
const common = {
  mainAccountId,
  generation: z.int().min(0),
  sequence: z.int().min(1),
  /** Broker time of the cause. */
  at: instant,
  cause,
  transfers: z.array(transferView),
  mainAccount: mainAccountState,
};
const withSub = { ...common, subAccount: subAccountState };

/** Closing figures of a sub-account's period, as its statement has them. */
export const periodClosing = z
  .looseObject({
    period,
    opening: points.describe('points at the start of the period, or at its opening if that was later'),
    limit: pointLimit,
    boost: points,
    granted: points.describe(
      'points given to it in the period, minus points that it returned before the close',
    ),
    used: points,
    overage: points,
    held: points.describe('points in holds that are still open at the close'),
    returned: points,
  })
  .meta({ id: 'PeriodClosing' });
export type PeriodClosing = z.infer<typeof periodClosing>;

/** A transfer of the books, as part of a snapshot. */
export const snapshotTransfer = transferView
  .extend({
    at: instant.meta({
      description: 'Broker time of what made it',
      examples: ['2026-11-23T09:00:00Z'],
    }),
  })
  .meta({ id: 'SnapshotTransfer' });
export type SnapshotTransfer = z.infer<typeof snapshotTransfer>;

/** A closed statement of the books, as part of a snapshot, with the late amounts that came after its close. */
export const snapshotStatement = periodClosing
  .extend({
    subAccountId: subAccountId.meta({
      description: 'Whose period it is',
      examples: ['sa_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f22'],
    }),
    lateUsed: points.describe('points of messages that belong to the period and arrived after its close'),
    lateRefunded: points.describe('points refunded after the close for messages of the period'),
    lateReturned: points.describe('points returned after the close from holds of the period'),
    at: instant.meta({ description: 'Broker time of its close', examples: ['2026-11-30T15:00:00Z'] }),
  })
  .meta({ id: 'SnapshotStatement' });
export type SnapshotStatement = z.infer<typeof snapshotStatement>;

/** Maximum of sub-accounts, of transfers and of statements in one `snapshot.published`. */
export const MAX_SNAPSHOT_ROWS = 100;

const funding = { funded: z.int().min(0), unfunded: z.int().min(0) };
const message = { messageId: foreignId, period, points };
const late = z
  .boolean()
  .describe('whether the statement of its period was already closed; statements show such amounts apart');

/** Data of every event on `points.events.v1`, by its short name; the type is `subledger.<name>.v1`. */
export const EVENT_DATA = {
  'main-account.opened': z.looseObject(common),
  'main-account.configured': z.looseObject(common),
  'main-account.suspended': z.looseObject(common),
  'main-account.resumed': z.looseObject(common),
  /** A suspension that began or ended automatically. It is the last event of its decision. */
  'main-account.sending-stopped': z.looseObject({
    ...common,
    reason: z.enum(AUTOMATIC_SUSPENSIONS).meta({ description: 'Why', examples: ['low-balance'] }),
    problem: z
      .string()
      .optional()
      .meta({ description: 'For operators: what made the month start fail', examples: ['RangeError: …'] }),
  }),
  'main-account.sending-resumed': z.looseObject({
    ...common,
    reason: z
      .enum(AUTOMATIC_SUSPENSIONS)
      .meta({ description: 'What it was stopped for', examples: ['low-balance'] }),
  }),
  'feature.activated': z.looseObject(common),
  'feature.deactivated': z.looseObject(common),
  'points.purchased': z.looseObject({ ...common, points, reference: z.string() }),
  'points.adjusted': z.looseObject({ ...common, points, reason: z.string() }),
  'plan.switched': z.looseObject({ ...common, plan: z.enum(PLANS) }),
  'sub-account.opened': z.looseObject(withSub),
  'sub-account.configured': z.looseObject(withSub),
  'limit.changed': z.looseObject({ ...withSub, effective: z.enum(['immediately', 'next-period']) }),
  'limit.boosted': z.looseObject({ ...withSub, points }),
  'sub-account.paused': z.looseObject(withSub),
  'sub-account.resumed': z.looseObject(withSub),
  'sub-account.deactivated': z.looseObject({ ...withSub, returned: points }),
  'sub-account.reactivated': z.looseObject(withSub),
  /** The statement of the sub-account's current period closes with it. */
  'sub-account.deleted': z.looseObject({ ...withSub, returned: points, closed: periodClosing }),
  /** The funding pass gave points to this sub-account after `available` rose. */
  'sub-account.funded': z.looseObject({ ...withSub, points }),
  /** One per sub-account at a month start, before the summary. */
  'sub-account.rolled': z.looseObject({ ...withSub, closed: periodClosing }),
  'hold.placed': z.looseObject({ ...withSub, messageId: foreignId, points, expiresAt: instant }),
  /**
   * `points` were returned. For a hold that was barred before it was placed, they are 0 and no sub-account is named.
   */
  'hold.released': z.looseObject({
    ...common,
    subAccount: subAccountState.optional(),
    messageId: foreignId,
    points,
    reason: z
      .enum(['released', 'expired'])
      .describe(
        '`expired`: nobody used or released it until its end. If the ledger found that, the cause is the clock, with the id of the message',
      ),
    period: period.nullable().describe("the hold's period, or null if the release came before the hold"),
    late,
  }),
  'message.charged': z.looseObject({
    ...withSub,
    ...message,
    fromHold: points,
    fromSub: points,
    fromMain: points,
    late,
  }),
  /** The sub-account could not cover a message; `overage` points of it were paid by main. */
  'limit.exceeded': z.looseObject({ ...withSub, ...message, overage: points }),
  'message.credited': z.looseObject({
    ...withSub,
    ...message,
    refundId: foreignId,
    requested: points,
    late,
  }),
  /** Summary of a month start, after one `sub-account.rolled` each. */
  'period.rolled': z.looseObject({
    ...common,
    from: period,
    to: period,
    returned: points,
    granted: points,
    ...funding,
  }),
  /** A repeated roll: nothing moved. */
  'period.already-rolled': z.looseObject({ ...common, period }),
  /** The answer to `snapshot.request`. Nothing moved. `snapshot.published` follows. */
  'snapshot.requested': z.looseObject({
    ...common,
    history: z
      .boolean()
      .meta({ description: 'Whether transfers and statements follow too', examples: [true] }),
  }),
  /** A part of a snapshot. It has no number of its own: `sequence` is that of the last event before it. */
  'snapshot.published': z.looseObject({
    ...common,
    transfers: z
      .array(transferView)
      .max(0)
      .meta({ description: 'Always empty: nothing moved', examples: [[]] }),
    part: z
      .int()
      .min(1)
      .meta({ description: 'Counts the parts that have this cause: 1, 2, 3 …', examples: [1] }),
    isLast: z.boolean().meta({ description: 'Whether no part follows', examples: [true] }),
    transferCount: z
      .int()
      .min(0)
      .meta({
        description: 'Number of the last transfer that the books have; none is above it',
        examples: [42],
      }),
    subAccounts: z
      .array(subAccountState)
      .max(MAX_SNAPSHOT_ROWS)
      .meta({ description: 'Sub-accounts as they are at `sequence`; each is in one of the parts' }),
    lines: z
      .array(snapshotTransfer)
      .max(MAX_SNAPSHOT_ROWS)
      .meta({ description: 'Transfers that the books have, in their order; none without `history`' }),
    statements: z
      .array(snapshotStatement)
      .max(MAX_SNAPSHOT_ROWS)
      .meta({ description: 'Closed statements; none without `history`' }),
  }),
} as const;

/**
 * A refusal. If there are no books (unknown main account, unreadable command), `sequence` is 0 and the states are
 * absent.
 */
export const rejectedData = z.looseObject({
  mainAccountId,
  generation: z.int().min(0),
  sequence: z.int().min(0),
  at: instant,
  cause,
  transfers: z.array(transferView).max(0),
  mainAccount: mainAccountState.optional(),
  subAccount: subAccountState.optional(),
  code: z.enum(REJECTION_CODES),
  needed: points.optional(),
  available: points.optional(),
  lacking: points
    .optional()
    .describe('points to purchase so that the command succeeds; includes sub-accounts that are funded first'),
  first: z
    .object({ transfer: z.int().min(1), points, at: instant })
    .optional()
    .describe('the first transfer with this reference (`duplicate-reference`)'),
  remaining: points.optional(),
  /**
   * Ids of the sub-accounts that block the command (`sub-accounts-active`), at most 100 of them, and the count of
   * all.
   */
  blockers: z.array(z.string()).optional(),
  blockerCount: z.int().optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

export const ALL_EVENT_DATA = { ...EVENT_DATA, 'command.rejected': rejectedData } as const;
export type EventName = keyof typeof ALL_EVENT_DATA;
export const EVENT_NAMES = Object.keys(ALL_EVENT_DATA) as EventName[];
export type EventData<Name extends EventName> = z.output<(typeof ALL_EVENT_DATA)[Name]>;

export const eventType = <Name extends EventName>(name: Name): `subledger.${Name}.v1` =>
  `subledger.${name}.v1`;

/** The CloudEvents schema of each event, by CloudEvents type. Readers ignore types that are not listed here. */
export const EVENTS = new Map(
  EVENT_NAMES.map((name) => [
    eventType(name) as string,
    { name, schema: cloudEvent(eventType(name), ALL_EVENT_DATA[name]) },
  ]),
);
