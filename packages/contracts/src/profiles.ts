import { z } from 'zod';
import { instant, mainAccountId, subAccountId } from './scalars.js';

/**
 * Value of a record on `subaccount.profiles.v1` (compacted, key: sub-account): what the SMS service shows and lets a
 * sub-account send from. Of two records the one with the higher `version` counts. A deleted sub-account's is followed
 * by a record without a value.
 */
export const profileRecord = z
  .looseObject({
    subAccountId,
    mainAccountId,
    name: z.string(),
    /** Registered numbers (E.164) that it may send from. */
    senderNumbers: z.array(z.string()),
    version: z.int().min(0),
    updatedAt: instant,
  })
  .meta({ id: 'ProfileRecord' });
export type ProfileRecord = z.infer<typeof profileRecord>;
