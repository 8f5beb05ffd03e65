import { z } from 'zod';
import { senderNumbers, subAccountName } from './rest/fields.js';
import { instant, mainAccountId, subAccountId } from './scalars.js';

/**
 * Value of a record on `subaccount.profiles.v1` (compacted, key: sub-account): what the SMS service needs to know of a
 * sub-account beside its points. `senderNumbers` (E.164) are those that it may send from; `country` is the main account's,
 * by which a sender without a country code is read (JP where it is not named); `version` rises with each change. A deleted sub-account's record is a tombstone (null).
 */
export const profileRecord = z
  .looseObject({
    subAccountId,
    mainAccountId,
    name: subAccountName,
    senderNumbers,
    // Of profiles before it was told there is none.
    country: z
      .string()
      .regex(/^[A-Z]{2}$/)
      .optional(),
    version: z.int().min(1),
    updatedAt: instant,
  })
  .meta({ id: 'ProfileRecord' });
export type ProfileRecord = z.infer<typeof profileRecord>;
