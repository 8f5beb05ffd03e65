import { z } from 'zod';
import {
  amount,
  country,
  creditLimit,
  instant,
  mainAccountId,
  nextTimeZone,
  period,
  points,
  signedAmount,
  storableText,
  suspendBelow,
  timeZone,
} from '../scalars.js';
import { DEFAULT_COUNTRY, DEFAULT_TIME_ZONE, FUNDING_POLICIES, PLANS, SUSPENSIONS } from '../vocabulary.js';
import { accountPassword, displayName, listOf, login, paging, reason, reference, search } from './fields.js';

const plan = z.enum(PLANS).meta({
  id: 'Plan',
  description: 'prepay: uses what was purchased. postpay: may go below 0, down to the credit limit',
  examples: ['prepay'],
});
const fundingPolicy = z.enum(FUNDING_POLICIES).meta({
  id: 'FundingPolicy',
  description:
    'How sub-accounts are funded where the balance is short. full: the whole shortfall or nothing. partial: the ' +
    'first short one gets what is left',
  examples: ['full'],
});
/**
 * `requested` exists in the gateway only: the customer has requested the feature and the help desk has not answered.
 */
export const FEATURE_STATES = ['inactive', 'requested', 'active'] as const;

export const mainAccountView = z
  .object({
    id: mainAccountId,
    name: displayName,
    plan,
    timeZone,
    nextTimeZone,
    country,
    creditLimit,
    fundingPolicy,
    suspendBelow,
    suspensions: z.array(z.enum(SUSPENSIONS)).meta({
      description: 'Why all sending is stopped; empty while it is not',
      examples: [[]],
    }),
    feature: z.enum(FEATURE_STATES).meta({
      description: 'Whether it may have sub-accounts; requested: the help desk has not answered yet',
      examples: ['active'],
    }),
    period,
    balance: points.meta({
      description: 'Points in the main account itself, at most 3 decimals',
      examples: ['8500'],
    }),
    allocated: points.meta({ description: 'Points in its sub-accounts and their holds', examples: ['1500'] }),
    loginUrl: z.string().meta({
      description: 'Where its sub-accounts log in; it ends in the `mainAccount` of their login',
      examples: ['https://points.example/login/Zk3vQ0a8x1Lm2PqR'],
    }),
    createdAt: instant,
  })
  .meta({ id: 'MainAccount' });
export type MainAccountView = z.infer<typeof mainAccountView>;
export const mainAccountList = listOf('MainAccountList', mainAccountView);

export const createMainAccount = z
  .strictObject({
    name: displayName,
    plan,
    timeZone: timeZone.default(DEFAULT_TIME_ZONE),
    country: country.default(DEFAULT_COUNTRY),
    creditLimit: creditLimit.default('0'),
    fundingPolicy: fundingPolicy.default('full'),
    login: login.optional().meta({ description: 'Login of its user, with `password`; unique in any case' }),
    password: accountPassword
      .optional()
      .meta({ description: 'Password of its user, 8 to 128 characters, with `login`' }),
  })
  .refine((body) => body.login === undefined || body.password !== undefined, {
    path: ['password'],
    message: 'must be given together with login',
  })
  .refine((body) => body.password === undefined || body.login !== undefined, {
    path: ['login'],
    message: 'must be given together with password',
  })
  .meta({
    id: 'CreateMainAccount',
    dependentRequired: { login: ['password'], password: ['login'] },
  });

export const patchMainAccount = z
  .strictObject({
    name: displayName.optional(),
    creditLimit: creditLimit.optional(),
    fundingPolicy: fundingPolicy.optional(),
    timeZone: timeZone.optional().meta({ description: 'Acts from the next month start' }),
    country: country.optional(),
    suspendBelow: suspendBelow.optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'must name at least one field to change')
  .meta({ id: 'PatchMainAccount', minProperties: 1 });

export const mainAccountQuery = z.strictObject({ ...paging, q: search.optional() });

const allowDuplicateReference = z
  .boolean()
  .optional()
  .meta({
    description: 'Books it although its reference, or its reason, was booked before',
    examples: [true],
  });
export const purchase = z
  .strictObject({ points: amount, reference: reference.default(''), allowDuplicateReference })
  .meta({ id: 'Purchase' });
export const adjustment = z
  .strictObject({ points: signedAmount, reason, allowDuplicateReference })
  .meta({ id: 'Adjustment' });

export const planSwitch = z.strictObject({ plan }).meta({ id: 'PlanSwitch' });
export const planCheckQuery = z.strictObject({
  plan: plan
    .optional()
    .meta({ description: 'The plan to switch to; default the other one', examples: ['postpay'] }),
});
/** The answer that a plan switch would get now. Each reason is the code of the refusal. */
export const planCheck = z
  .object({
    current: plan.meta({ description: 'Plan that it has now', examples: ['prepay'] }),
    plan: plan.meta({ description: 'Plan that was asked about', examples: ['postpay'] }),
    allowed: z.boolean().meta({ description: 'Whether the switch would go through now', examples: [false] }),
    reasons: z
      .array(z.enum(['sub-accounts-active', 'balance-due']))
      .meta({ description: 'Codes that it would be refused with', examples: [['sub-accounts-active']] }),
    blockers: z.array(z.string()).meta({
      description: 'Ids of active sub-accounts, at most 100',
      examples: [['sa_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f22']],
    }),
    blockerCount: z
      .int()
      .min(0)
      .meta({ description: 'How many sub-accounts are active', examples: [1] }),
    available: points
      .nullable()
      .meta({ description: 'Points available after the switch; null is unlimited', examples: ['8500'] }),
  })
  .meta({ id: 'PlanCheck' });
export type PlanCheck = z.infer<typeof planCheck>;

export const activationDecision = z
  .strictObject({
    decision: z.enum(['approve', 'decline']).meta({
      description: 'approve: the customer may have sub-accounts. decline: its request is closed',
      examples: ['approve'],
    }),
    note: storableText(500)
      .optional()
      .meta({
        description: 'Note of the help desk, at most 500 characters',
        examples: ['Contract C-204 signed'],
      }),
  })
  .meta({ id: 'ActivationDecision' });
export const activationRequestView = z
  .object({
    mainAccountId,
    name: displayName,
    plan,
    requestedAt: instant.meta({ description: 'When the customer asked' }),
  })
  .meta({ id: 'ActivationRequest' });
export const activationRequestList = listOf('ActivationRequestList', activationRequestView);
export const pageQuery = z.strictObject(paging);
