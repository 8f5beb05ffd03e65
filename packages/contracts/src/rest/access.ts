import { z } from 'zod';
import { amount, foreignId, instant, mainAccountId, points, storableText, subAccountId } from '../scalars.js';
import { DEFAULT_HOLD_SECONDS, MAX_HOLD_SECONDS } from '../vocabulary.js';
import { displayName, listOf } from './fields.js';
import { problem } from './problem.js';

/** What a key may do. `write` includes `read`; `operator` and `upstream` come from the configuration alone. */
export const SCOPES = ['read', 'write', 'upstream', 'operator'] as const;
export type Scope = (typeof SCOPES)[number];
export const MAIN_SCOPES = ['read', 'write'] as const;

export const apiKeyId = z
  .string()
  .regex(/^ak_[0-9A-Za-z_-]{1,64}$/, 'must be a key id (ak_…)')
  .meta({
    id: 'ApiKeyId',
    description: 'Id of an API key; not the key itself',
    examples: ['ak_019a8f3e7c1b7d52'],
  });
const scopes = z
  .array(z.enum(MAIN_SCOPES))
  .min(1)
  .max(MAIN_SCOPES.length)
  .refine((list) => new Set(list).size === list.length, 'must not name a scope twice')
  .meta({
    id: 'KeyScopes',
    description: 'What the key may do; write includes read',
    examples: [['read']],
    uniqueItems: true,
  });

/** Maximum API keys of one main account. Expired keys count too. */
export const MAX_API_KEYS = 20;

export const createApiKey = z
  .strictObject({
    name: displayName,
    scopes,
    expiresAt: instant.optional().meta({
      description:
        'From then on the key is refused; in the future. Without it the key lasts until it is revoked',
    }),
  })
  .meta({ id: 'CreateApiKey' });
export const createdApiKey = z
  .object({
    id: apiKeyId,
    key: z.string().meta({
      description: 'The key itself; it is shown this once',
      examples: ['slk_example-0000000000000000000000000000000000'],
    }),
  })
  .meta({ id: 'CreatedApiKey' });
export const apiKeyView = z
  .object({
    id: apiKeyId,
    name: displayName,
    scopes: z.array(z.enum(SCOPES)).meta({ description: 'What it may do', examples: [['read']] }),
    createdAt: instant.meta({ description: 'When it was made' }),
    expiresAt: instant
      .nullable()
      .meta({ description: 'From then on it is refused; null: until it is revoked' }),
    lastUsedAt: instant
      .nullable()
      .meta({ description: 'When it was used last, up to a minute or so late; null: never' }),
  })
  .meta({ id: 'ApiKey' });
export const apiKeyList = listOf('ApiKeyList', apiKeyView);

export const placeHold = z
  .strictObject({
    subAccountId,
    messageId: foreignId,
    points: amount,
    sender: storableText(64)
      .min(1)
      .optional()
      .meta({
        description:
          'Who it will be sent as. A number, however it is written, must be allowed to the sub-account; a name or a ' +
          'short code needs no permission',
        examples: ['+815012345678'],
      }),
    expiresInSeconds: z
      .int()
      .min(1)
      .max(MAX_HOLD_SECONDS)
      .default(DEFAULT_HOLD_SECONDS)
      .meta({
        description:
          'Seconds until the points are to go back unless the message is reported, at most a day. Not acted on yet: release a hold whose message is not sent',
        examples: [DEFAULT_HOLD_SECONDS],
      }),
  })
  .meta({ id: 'PlaceHold' });
export const holdView = z
  .object({
    messageId: foreignId,
    subAccountId,
    points: points.meta({ description: 'Points set aside for the message' }),
    expiresAt: instant.meta({
      description:
        'When the points are to go back by themselves. Not acted on yet: a hold stays open until its message is reported or it is released',
    }),
    remaining: points.meta({
      description: 'Points that the sub-account has left after it',
      examples: ['98.8'],
    }),
  })
  .meta({ id: 'Hold' });
/** `points` that were returned. They are 0 if the hold was barred before it was placed. */
export const releasedHold = z
  .object({
    messageId: foreignId,
    points: points.meta({ description: 'Points that came back; 0 where nothing was placed yet' }),
  })
  .meta({ id: 'ReleasedHold' });

export const operationId = z
  .string()
  .regex(/^op_[0-9A-Za-z_-]{1,64}$/, 'must be an operation id (op_…)')
  .meta({
    id: 'OperationId',
    description: 'Id of a write, from its answer 202',
    examples: ['op_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f33'],
  });
/** A write that was accepted: pending until the ledger's outcome is in the read model. */
export const operationView = z
  .object({
    id: operationId,
    status: z.enum(['pending', 'succeeded', 'rejected']).meta({
      description: 'pending: the outcome is not there yet. rejected: nothing was changed, see `problem`',
      examples: ['succeeded'],
    }),
    action: z.string().meta({ description: 'operationId of the request', examples: ['createSubAccount'] }),
    mainAccountId,
    subAccountId: subAccountId
      .nullable()
      .meta({ description: 'Sub-account that it is about; null where it is about the main account' }),
    resource: z
      .string()
      .nullable()
      .meta({
        description: 'Path of what it made or changed, once it succeeded; null before',
        examples: ['/v1/main-accounts/ma_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f11'],
      }),
    createdAt: instant.meta({ description: 'When it was accepted' }),
    finishedAt: instant.nullable().meta({ description: 'When its outcome came; null while it is pending' }),
    problem: problem
      .nullable()
      .meta({ description: 'Why it was rejected; null otherwise', examples: [null] }),
  })
  .meta({ id: 'Operation' });
export type OperationView = z.infer<typeof operationView>;
