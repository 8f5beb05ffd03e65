import { z } from 'zod';
import { senderNumbers, subAccountName } from './rest/fields.js';
import { instant, mainAccountId, subAccountId } from './scalars.js';

/**
 * Value of a record on `subaccount.profiles.v1` (compacted, key: sub-account): names and allowed senders of a
 * sub-account, for the SMS service (docs/decisions/0009). `senderNumbers` (E.164) are the numbers that it may send
 * from. `country` is the main account's country, by which a sender without a country code is read (JP if absent).
 * `version` rises with each change. The record of a deleted sub-account is a tombstone (null).
 */
export const profileRecord = z
  .looseObject({
    subAccountId,
    mainAccountId,
    name: subAccountName,
    senderNumbers,
    // Older profiles have no country.
    country: z
      .string()
      .regex(/^[A-Z]{2}$/)
      .optional(),
    version: z.int().min(1),
    updatedAt: instant,
  })
  .meta({ id: 'ProfileRecord' });
export type ProfileRecord = z.infer<typeof profileRecord>;
