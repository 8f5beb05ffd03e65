import { z } from 'zod';
import { instant, period, pointLimit, points, priority, subAccountId } from '../scalars.js';
import { SUB_ACCOUNT_STATUSES } from '../vocabulary.js';
import { listOf, paging, search, senderNumbers, subAccountName, subAccountPassword } from './fields.js';

export const subAccountView = z
  .object({
    id: subAccountId,
    name: subAccountName,
    status: z.enum(SUB_ACCOUNT_STATUSES),
    period,
    limit: pointLimit,
    nextLimit: pointLimit
      .nullable()
      .meta({ description: 'Limit from the next month start, where it differs' }),
    boost: points,
    granted: points,
    used: points,
    overage: points,
    held: points,
    remaining: points,
    shortfall: points,
    priority: z.int(),
    senderNumbers,
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: 'SubAccount' });
export type SubAccountView = z.infer<typeof subAccountView>;
export const subAccountList = listOf('SubAccountList', subAccountView);

export const createSubAccount = z
  .strictObject({
    name: subAccountName,
    password: subAccountPassword,
    limit: pointLimit,
    senderNumbers: senderNumbers.optional(),
    priority: priority.optional(),
  })
  .meta({ id: 'CreateSubAccount' });

export const patchSubAccount = z
  .strictObject({
    limit: pointLimit.optional(),
    effective: z
      .enum(['immediately', 'next-period'])
      .optional()
      .meta({ description: 'When the limit changes; default immediately' }),
    name: subAccountName.optional(),
    password: subAccountPassword.optional(),
    senderNumbers: senderNumbers.optional(),
    priority: priority.optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'must name at least one field to change')
  .refine((body) => body.effective === undefined || body.limit !== undefined, {
    path: ['effective'],
    message: 'says when the limit changes, so it needs a limit',
  })
  .meta({ id: 'PatchSubAccount', minProperties: 1 });

export const SUB_ACCOUNT_SORTS = ['createdAt', 'name', 'limit', 'used', 'remaining', 'priority'] as const;
export type SubAccountSort = (typeof SUB_ACCOUNT_SORTS)[number];
const sorts = SUB_ACCOUNT_SORTS.flatMap((key) => [key, `-${key}`] as const);

export const subAccountQuery = z.strictObject({
  ...paging,
  status: z
    .enum(SUB_ACCOUNT_STATUSES)
    .optional()
    .meta({ description: 'Only this status; deleted ones are listed by `deleted` alone' }),
  q: search.optional(),
  sort: z
    .enum(sorts as [(typeof sorts)[number], ...(typeof sorts)[number][]])
    .default('createdAt')
    .meta({ description: 'Ascending, or descending with a leading -' }),
});

export const boost = z
  .strictObject({
    points: pointLimit
      .refine((text) => text !== '0', 'must be more than 0')
      .meta({ description: 'Whole points, more than 0; for the current period only' }),
  })
  .meta({ id: 'Boost' });
