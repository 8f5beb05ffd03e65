import { z } from 'zod';
import { instant, period, points, subAccountId } from '../scalars.js';
import { ACCOUNT_KINDS, TRANSFER_KINDS } from '../vocabulary.js';
import { listOf, paging } from './fields.js';

/** One line of a statement. `balanceAfter` is the balance of the account whose list is read. */
export const transferLine = z
  .object({
    sequence: z
      .int()
      .min(1)
      .meta({ description: 'Number of the line; it rises within a main account', examples: [42] }),
    at: instant.meta({ description: 'When it was booked' }),
    kind: z.enum(TRANSFER_KINDS).meta({ description: 'Why the points moved', examples: ['limit-grant'] }),
    from: z.enum(ACCOUNT_KINDS).meta({ description: 'Account that the points left', examples: ['main'] }),
    to: z.enum(ACCOUNT_KINDS).meta({ description: 'Account that they went to', examples: ['sub'] }),
    points: points.meta({ description: 'Points that moved, more than 0', examples: ['1000'] }),
    balanceAfter: points.meta({
      description: 'Points that the account whose list is read had afterwards',
      examples: ['9000'],
    }),
    subAccountId: subAccountId
      .nullable()
      .meta({ description: 'Sub-account that it is about; null where there is none' }),
    period,
    reference: z.string().meta({
      description: 'Order number, reason or message id; empty where there is none',
      examples: ['INV-2026-118'],
    }),
  })
  .meta({ id: 'TransferLine' });
export type TransferLine = z.infer<typeof transferLine>;
export const transferList = listOf('TransferList', transferLine);

export const transferQuery = z.strictObject({
  ...paging,
  period: period.optional().meta({ description: 'Only lines of this month (YYYY-MM)' }),
  order: z
    .enum(['asc', 'desc'])
    .default('desc')
    .meta({ description: 'By sequence; default newest first', examples: ['desc'] }),
});
export const transferSequence = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'must be a sequence')
  .transform(Number)
  .meta({
    override: {
      type: 'integer',
      minimum: 1,
      description: 'Number of the line',
      examples: [42],
      pattern: undefined,
    },
  });
