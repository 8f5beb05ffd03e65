import { z } from 'zod';
import { mainAccountId, period, points, subAccountId } from './scalars.js';
import { SUB_ACCOUNT_STATUSES } from './vocabulary.js';

/**
 * Value of a record on `subaccount.limits.v1` (compacted, key: sub-account): how many points the SMS service may
 * still send. `position` is the last `sms.messages.v1` offset of the main account's partition that the record
 * reflects. It is null before the first message.
 */
export const limitRecord = z
  .looseObject({
    subAccountId,
    mainAccountId,
    status: z.enum(SUB_ACCOUNT_STATUSES),
    period,
    limit: points,
    boost: points,
    granted: points,
    used: points,
    held: points,
    remaining: points,
    generation: z.int().min(0),
    sequence: z.int().min(1),
    position: z
      .object({ topic: z.string(), partition: z.int().min(0), offset: z.string().regex(/^\d+$/) })
      .nullable(),
  })
  .meta({ id: 'LimitRecord' });
export type LimitRecord = z.infer<typeof limitRecord>;
