import { z } from 'zod';
import { subAccountName } from './rest/fields.js';
import { instant, mainAccountId, storableText, subAccountId } from './scalars.js';

/**
 * Value of a record on `subaccount.profiles.v1` (compacted, key: sub-account): what the SMS service needs to know of
 * a sub-account beside its points. `version` rises with each change of its settings; a deleted sub-account's record
 * has no value.
 */
export const profileRecord = z
  .looseObject({
    subAccountId,
    mainAccountId,
    name: subAccountName,
    /** K Premium numbers that it may send from. */
    senderNumbers: z.array(storableText(64)),
    version: z.int().min(1),
    updatedAt: instant,
  })
  .meta({ id: 'ProfileRecord' });
export type ProfileRecord = z.infer<typeof profileRecord>;
