import { z } from 'zod';
import { cloudEvent } from './envelope.js';
import {
  amount,
  creditLimit,
  foreignId,
  instant,
  mainAccountId,
  period,
  pointLimit,
  priority,
  signedAmount,
  storableText,
  subAccountId,
  suspendBelow,
  timeZone,
} from './scalars.js';
import { DEFAULT_HOLD_SECONDS, FUNDING_POLICIES, MAX_HOLD_SECONDS, PLANS } from './vocabulary.js';

const main = { mainAccountId };
const sub = { mainAccountId, subAccountId };
const plan = z.enum(PLANS);
const fundingPolicy = z.enum(FUNDING_POLICIES);
/**
 * Books a reference (of an adjustment: a reason) although it was booked before. It has no default, because a default
 * would become part of the content that a command id is bound to (docs/decisions/0026): a repeated older command
 * would then count as different content.
 */
const allowDuplicateReference = z
  .boolean()
  .optional()
  .meta({
    description: 'Whether to book it although its reference, or its reason, was booked before',
    examples: [false],
  });
/** A note by a customer or operator, such as an order number or a ticket. Statements show it. */
const reference = storableText(200);
const limitAboveZero = pointLimit.refine((text) => text !== '0', 'must be more than 0');

/**
 * Data of every command on `points.commands.v1`, by its short name. The CloudEvents type is
 * `subledger.<name>.v1`, the record key is the main account, the CloudEvents id is the command id.
 */
export const COMMAND_DATA = {
  'main-account.open': z.looseObject({
    ...main,
    plan,
    timeZone,
    creditLimit: creditLimit.default('0'),
    fundingPolicy: fundingPolicy.default('full'),
  }),
  'main-account.configure': z.looseObject({
    ...main,
    creditLimit: creditLimit.optional(),
    fundingPolicy: fundingPolicy.optional(),
    timeZone: timeZone.optional(),
    suspendBelow: suspendBelow.optional(),
  }),
  'main-account.suspend': z.looseObject(main),
  'main-account.resume': z.looseObject(main),
  'feature.activate': z.looseObject(main),
  'feature.deactivate': z.looseObject(main),
  'points.purchase': z.looseObject({
    ...main,
    points: amount,
    reference: reference.default(''),
    allowDuplicateReference,
  }),
  'points.adjust': z.looseObject({
    ...main,
    points: signedAmount,
    reason: reference.min(1),
    allowDuplicateReference,
  }),
  'plan.switch': z.looseObject({ ...main, plan }),
  'sub-account.open': z.looseObject({ ...sub, limit: pointLimit, priority: priority.optional() }),
  'sub-account.configure': z.looseObject({ ...sub, priority }),
  'limit.change': z.looseObject({
    ...sub,
    limit: pointLimit,
    effective: z.enum(['immediately', 'next-period']).default('immediately'),
  }),
  'limit.boost': z.looseObject({ ...sub, points: limitAboveZero }),
  'sub-account.pause': z.looseObject(sub),
  'sub-account.resume': z.looseObject(sub),
  'sub-account.deactivate': z.looseObject(sub),
  'sub-account.reactivate': z.looseObject(sub),
  'sub-account.delete': z.looseObject(sub),
  'hold.place': z.looseObject({
    ...sub,
    messageId: foreignId,
    points: amount,
    expiresInSeconds: z.int().min(1).max(MAX_HOLD_SECONDS).default(DEFAULT_HOLD_SECONDS),
  }),
  'hold.release': z.looseObject({
    ...main,
    subAccountId: subAccountId.optional(),
    messageId: foreignId,
    reason: z.enum(['released', 'expired']).default('released'),
  }),
  /** `period` is the period that begins, `dueAt` its month start. Id: `roll:<main>:<period>`. */
  'period.roll': z.looseObject({ ...main, period, dueAt: instant }),
  /** Asks for a snapshot of the books. It moves no points. */
  'snapshot.request': z.looseObject({
    ...main,
    history: z
      .boolean()
      .default(true)
      .meta({
        description:
          'Whether every transfer and every closed statement is published too, not only the states',
        examples: [true],
      }),
  }),
} as const;

export type CommandName = keyof typeof COMMAND_DATA;
export const COMMAND_NAMES = Object.keys(COMMAND_DATA) as CommandName[];
export type CommandType = `subledger.${CommandName}.v1`;
export type CommandData<Name extends CommandName> = z.output<(typeof COMMAND_DATA)[Name]>;
export type CommandInput<Name extends CommandName> = z.input<(typeof COMMAND_DATA)[Name]>;

export const commandType = <Name extends CommandName>(name: Name): `subledger.${Name}.v1` =>
  `subledger.${name}.v1`;

/** Whole CloudEvents schema of each command, by CloudEvents type. */
export const COMMANDS = new Map(
  COMMAND_NAMES.map((name) => [
    commandType(name) as string,
    { name, schema: cloudEvent(commandType(name), COMMAND_DATA[name]) },
  ]),
);

/**
 * The deterministic id of a month start's `period.roll`, so that a second roll of the same period is a repeat of the
 * same command.
 * @param begins the period that begins, `YYYY-MM`
 */
export const rollCommandId = (mainAccount: string, begins: string): string => `roll:${mainAccount}:${begins}`;
