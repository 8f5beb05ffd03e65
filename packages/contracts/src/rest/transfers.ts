import { z } from 'zod';
import { instant, period, points, subAccountId } from '../scalars.js';
import { ACCOUNT_KINDS, TRANSFER_KINDS } from '../vocabulary.js';
import { listOf, paging } from './fields.js';

/** One line of a statement; `balanceAfter` is that of the account whose list is read. */
export const transferLine = z
  .object({
    sequence: z.int().min(1),
    at: instant,
    kind: z.enum(TRANSFER_KINDS),
    from: z.enum(ACCOUNT_KINDS),
    to: z.enum(ACCOUNT_KINDS),
    points,
    balanceAfter: points,
    subAccountId: subAccountId.nullable(),
    period,
    reference: z.string(),
  })
  .meta({ id: 'TransferLine' });
export type TransferLine = z.infer<typeof transferLine>;
export const transferList = listOf('TransferList', transferLine);

export const transferQuery = z.strictObject({
  ...paging,
  period: period.optional(),
  order: z.enum(['asc', 'desc']).default('desc').meta({ description: 'By sequence; default newest first' }),
});
export const transferSequence = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'must be a sequence')
  .transform(Number)
  .meta({ override: { type: 'integer', minimum: 1, pattern: undefined } });
