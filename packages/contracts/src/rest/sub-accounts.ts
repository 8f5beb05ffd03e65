import { z } from 'zod';
import { instant, period, pointLimit, points, priority, subAccountId } from '../scalars.js';
import { SUB_ACCOUNT_STATUSES } from '../vocabulary.js';
import {
  listOf,
  paging,
  search,
  senderNumbers,
  subAccountName,
  subAccountPassword,
  writtenNumbers,
} from './fields.js';

export const subAccountView = z
  .object({
    id: subAccountId,
    name: subAccountName,
    status: z.enum(SUB_ACCOUNT_STATUSES).meta({
      description: 'The first that applies: deleted, inactive, suspended, paused, unfunded, active',
      examples: ['active'],
    }),
    period: period.meta({ description: 'Month that the figures are of (YYYY-MM)' }),
    limit: pointLimit.meta({ description: 'Points a month, whole points' }),
    nextLimit: pointLimit
      .nullable()
      .meta({ description: 'Points a month from the next month start; null where nothing is planned' }),
    boost: points.meta({ description: 'Extra points, for this period only', examples: ['0'] }),
    granted: points.meta({ description: 'Points really given to it for this period', examples: ['1000'] }),
    used: points.meta({ description: 'Points of its messages, overage included', examples: ['151.2'] }),
    overage: points.meta({ description: 'Points of `used` that the main account paid', examples: ['0'] }),
    held: points.meta({ description: 'Points in open holds of this period', examples: ['1.2'] }),
    remaining: points.meta({
      description: 'Points left to send with: granted − (used − overage) − held',
      examples: ['847.6'],
    }),
    shortfall: points.meta({
      description: 'Points that it should have and the main account could not give; 0 is funded',
      examples: ['0'],
    }),
    priority: z.int().meta({ description: 'Funding order: lower is funded first', examples: [100] }),
    senderNumbers,
    createdAt: instant.meta({ description: 'When it was created' }),
    updatedAt: instant.meta({ description: 'When its settings were changed last' }),
  })
  .meta({ id: 'SubAccount' });
export type SubAccountView = z.infer<typeof subAccountView>;
export const subAccountList = listOf('SubAccountList', subAccountView);

export const createSubAccount = z
  .strictObject({
    name: subAccountName,
    password: subAccountPassword,
    limit: pointLimit.meta({ description: 'Points a month, whole points; they move to it at once' }),
    senderNumbers: writtenNumbers.optional(),
    priority: priority.optional(),
  })
  .meta({ id: 'CreateSubAccount' });

export const patchSubAccount = z
  .strictObject({
    limit: pointLimit.optional(),
    effective: z
      .enum(['immediately', 'next-period'])
      .optional()
      .meta({ description: 'When the limit changes; default immediately', examples: ['next-period'] }),
    name: subAccountName.optional(),
    password: subAccountPassword.optional(),
    senderNumbers: writtenNumbers.optional(),
    priority: priority.optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'must name at least one field to change')
  .refine((body) => body.effective === undefined || body.limit !== undefined, {
    path: ['effective'],
    message: 'says when the limit changes, so it needs a limit',
  })
  .meta({ id: 'PatchSubAccount', minProperties: 1, dependentRequired: { effective: ['limit'] } });

export const SUB_ACCOUNT_SORTS = ['createdAt', 'name', 'limit', 'used', 'remaining', 'priority'] as const;
export type SubAccountSort = (typeof SUB_ACCOUNT_SORTS)[number];
const sorts = SUB_ACCOUNT_SORTS.flatMap((key) => [key, `-${key}`] as const);

export const subAccountQuery = z.strictObject({
  ...paging,
  status: z
    .enum(SUB_ACCOUNT_STATUSES)
    .optional()
    .meta({
      description: 'Only this status; deleted ones are listed by `deleted` alone',
      examples: ['active'],
    }),
  q: search.optional(),
  sort: z
    .enum(sorts as [(typeof sorts)[number], ...(typeof sorts)[number][]])
    .default('createdAt')
    .meta({ description: 'Ascending, or descending with a leading -', examples: ['-used'] }),
});

export const boost = z
  .strictObject({
    points: pointLimit
      .refine((text) => text !== '0', 'must be more than 0')
      .meta({
        pattern: '^([1-9]\\d{0,8}|1000000000)$',
        description: 'Whole points, more than 0; for the current period only',
      }),
  })
  .meta({ id: 'Boost' });
