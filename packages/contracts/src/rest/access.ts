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
  .meta({ id: 'ApiKeyId' });
const scopes = z
  .array(z.enum(MAIN_SCOPES))
  .min(1)
  .max(MAIN_SCOPES.length)
  .refine((list) => new Set(list).size === list.length, 'must not name a scope twice')
  .meta({ id: 'KeyScopes', uniqueItems: true });

export const createApiKey = z.strictObject({ name: displayName, scopes }).meta({ id: 'CreateApiKey' });
export const createdApiKey = z
  .object({ id: apiKeyId, key: z.string().meta({ description: 'The key itself; it is shown this once' }) })
  .meta({ id: 'CreatedApiKey' });
export const apiKeyView = z
  .object({ id: apiKeyId, name: displayName, scopes: z.array(z.enum(SCOPES)), createdAt: instant })
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
          'Who it will be sent as. A number (E.164) must be allowed to the sub-account, a name is not checked',
        examples: ['+815012345678'],
      }),
    expiresInSeconds: z.int().min(1).max(MAX_HOLD_SECONDS).default(DEFAULT_HOLD_SECONDS),
  })
  .meta({ id: 'PlaceHold' });
export const holdView = z
  .object({ messageId: foreignId, subAccountId, points, expiresAt: instant, remaining: points })
  .meta({ id: 'Hold' });
/** `points` that came back; 0 where a hold that was not placed yet is barred. */
export const releasedHold = z.object({ messageId: foreignId, points }).meta({ id: 'ReleasedHold' });

export const operationId = z
  .string()
  .regex(/^op_[0-9A-Za-z_-]{1,64}$/, 'must be an operation id (op_…)')
  .meta({ id: 'OperationId' });
/** A write that was accepted: pending until the ledger's outcome is in the read model. */
export const operationView = z
  .object({
    id: operationId,
    status: z.enum(['pending', 'succeeded', 'rejected']),
    action: z.string().meta({ description: 'operationId of the request' }),
    mainAccountId,
    subAccountId: subAccountId.nullable(),
    resource: z
      .string()
      .nullable()
      .meta({ description: 'Path of what it made or changed, once it succeeded' }),
    createdAt: instant,
    finishedAt: instant.nullable(),
    problem: problem.nullable(),
  })
  .meta({ id: 'Operation' });
export type OperationView = z.infer<typeof operationView>;
