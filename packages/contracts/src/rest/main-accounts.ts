import { z } from 'zod';
import {
  amount,
  creditLimit,
  instant,
  mainAccountId,
  period,
  points,
  signedAmount,
  storableText,
  timeZone,
} from '../scalars.js';
import { DEFAULT_TIME_ZONE, FUNDING_POLICIES, PLANS } from '../vocabulary.js';
import { accountPassword, displayName, listOf, login, paging, reason, reference, search } from './fields.js';

const plan = z.enum(PLANS).meta({ id: 'Plan' });
const fundingPolicy = z.enum(FUNDING_POLICIES).meta({ id: 'FundingPolicy' });
/** `requested` is the gateway's: the customer asked, the help desk has not answered. */
export const FEATURE_STATES = ['inactive', 'requested', 'active'] as const;

export const mainAccountView = z
  .object({
    id: mainAccountId,
    name: displayName,
    plan,
    timeZone,
    creditLimit,
    fundingPolicy,
    feature: z.enum(FEATURE_STATES),
    period,
    balance: points,
    allocated: points.meta({ description: 'Points in sub-accounts and holds' }),
    loginUrl: z.string().meta({ description: 'Where sub-accounts log in' }),
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
    creditLimit: creditLimit.default('0'),
    fundingPolicy: fundingPolicy.default('full'),
    login: login.optional(),
    password: accountPassword.optional(),
  })
  .refine((body) => body.login === undefined || body.password !== undefined, {
    path: ['password'],
    message: 'must be given together with login',
  })
  .refine((body) => body.password === undefined || body.login !== undefined, {
    path: ['login'],
    message: 'must be given together with password',
  })
  .meta({ id: 'CreateMainAccount' });

export const patchMainAccount = z
  .strictObject({
    name: displayName.optional(),
    creditLimit: creditLimit.optional(),
    fundingPolicy: fundingPolicy.optional(),
    timeZone: timeZone.optional().meta({ description: 'Acts from the next month start' }),
  })
  .refine((body) => Object.keys(body).length > 0, 'must name at least one field to change')
  .meta({ id: 'PatchMainAccount', minProperties: 1 });

export const mainAccountQuery = z.strictObject({ ...paging, q: search.optional() });

export const purchase = z
  .strictObject({ points: amount, reference: reference.default('') })
  .meta({ id: 'Purchase' });
export const adjustment = z.strictObject({ points: signedAmount, reason }).meta({ id: 'Adjustment' });

export const planSwitch = z.strictObject({ plan }).meta({ id: 'PlanSwitch' });
export const planCheckQuery = z.strictObject({
  plan: plan.optional().meta({ description: 'The plan to switch to; default the other one' }),
});
/** What a switch would answer now; each reason is the code that it would be refused with. */
export const planCheck = z
  .object({
    current: plan,
    plan,
    allowed: z.boolean(),
    reasons: z.array(z.enum(['sub-accounts-active', 'balance-due'])),
    blockers: z.array(z.string()).meta({ description: 'Ids of active sub-accounts, at most 100' }),
    blockerCount: z.int(),
    available: points
      .nullable()
      .meta({ description: 'What it would be after the switch; null is unlimited' }),
  })
  .meta({ id: 'PlanCheck' });
export type PlanCheck = z.infer<typeof planCheck>;

export const activationDecision = z
  .strictObject({ decision: z.enum(['approve', 'decline']), note: storableText(500).optional() })
  .meta({ id: 'ActivationDecision' });
export const activationRequestView = z
  .object({ mainAccountId, name: displayName, plan, requestedAt: instant })
  .meta({ id: 'ActivationRequest' });
export const activationRequestList = listOf('ActivationRequestList', activationRequestView);
export const pageQuery = z.strictObject(paging);
