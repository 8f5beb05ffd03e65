import { z } from 'zod';
import { instant, mainAccountId, plusForBlank, storableText, subAccountId } from '../scalars.js';
import { DEFAULT_TIME_ZONE } from '../vocabulary.js';
import { listOf, paging, queryInstant } from './fields.js';
import { CALLERS } from './route.js';

export const AUDIT_OUTCOMES = ['pending', 'done', 'refused'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];
/** `unknown`: a failed login that belongs to no account. `system`: no caller was involved. */
export const AUDIT_ACTOR_KINDS = [...CALLERS, 'unknown', 'system'] as const;
export const AUDIT_CREDENTIALS = ['session', 'key', 'none'] as const;

const text = (description: string, example: string) => z.string().meta({ description, examples: [example] });
const textOrNull = (description: string, example: string) =>
  z
    .string()
    .nullable()
    .meta({ description, examples: [example] });
const settings = (description: string, example: Record<string, unknown>) =>
  z
    .record(z.string(), z.json())
    .nullable()
    .meta({ description, examples: [example] });

const auditActor = z
  .object({
    kind: z.enum(AUDIT_ACTOR_KINDS).meta({ description: 'Kind of caller', examples: ['main'] }),
    id: textOrNull(
      'Login, id of the key, or id of the sub-account; null where nobody is known',
      'kita-clinic',
    ),
    name: textOrNull('Name of the login, key or sub-account at that time', 'kita-clinic'),
    credential: z
      .enum(AUDIT_CREDENTIALS)
      .meta({ description: 'What the request was signed with', examples: ['session'] }),
  })
  .meta({ id: 'AuditActor', description: 'Who it was' });

/**
 * One change, or an attempt at one. It never contains secrets, message contents or recipients (docs/decisions/0018).
 */
export const auditEntryView = z
  .object({
    id: text('Id of the entry (au_…)', 'au_01932f5e-7c1a-7d52-9a3e-6f2b1c0d4e5f'),
    at: instant.meta({ description: 'When it was asked for' }),
    actor: auditActor,
    action: text(
      'operationId of the request; stopSending and resumeSending where sending was stopped by itself',
      'patchSubAccount',
    ),
    mainAccountId: mainAccountId
      .nullable()
      .meta({ description: 'Whose it is; null where no main account’s' }),
    subAccountId: subAccountId.nullable().meta({ description: 'Sub-account that it is about' }),
    objects: z
      .record(z.string(), z.string())
      .meta({ description: 'Further ids: of the path, and of what was made', examples: [{ key: 'ak_7Q2' }] }),
    outcome: z.enum(AUDIT_OUTCOMES).meta({
      description: '`pending` until the ledger has answered; `refused` changed nothing',
      examples: ['done'],
    }),
    code: textOrNull('Why it was refused: the code of the problem', 'insufficient-main-balance'),
    operationId: textOrNull('Operation that it became, where the ledger was asked', 'op_01932f5e'),
    before: settings('The settings that it is about, as they were when it was asked for', { limit: '100' }),
    after: settings('The same as asked for; of secrets only that they were given', {
      limit: '250',
      passwordChanged: true,
    }),
    address: textOrNull(
      'Address that the request came from; null where it is not yours to see',
      '203.0.113.7',
    ),
    userAgent: textOrNull('Its User-Agent, at most 200 characters', 'Mozilla/5.0'),
    requestId: text('Id of the request', 'req_01932f5e-7c1a-7d52-9a3e-6f2b1c0d4e5f'),
    finishedAt: instant
      .nullable()
      .meta({ description: 'When the outcome was there; null while it is pending' }),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntryView = z.infer<typeof auditEntryView>;
export const auditEntryList = listOf('AuditEntryList', auditEntryView);

const filters = {
  ...paging,
  actor: storableText(100)
    .min(1)
    .overwrite(plusForBlank)
    .optional()
    .meta({ description: 'Only of this login, key or sub-account, by its id', examples: ['kita-clinic'] }),
  action: z
    .string()
    .regex(/^[A-Za-z]{1,64}$/, 'must be an operationId')
    .optional()
    .meta({ description: 'Only this action, by its operationId', examples: ['patchSubAccount'] }),
  from: queryInstant.optional().meta({
    description: 'Only at or after this instant, or on or after this date',
    examples: ['2026-10-31T15:00:00Z'],
  }),
  to: queryInstant.optional().meta({
    description: 'Only before this instant, or before this date',
    examples: ['2026-11-30T15:00:00Z'],
  }),
  subAccount: subAccountId.optional().meta({ description: 'Only about this sub-account, by its id' }),
};
export const auditQuery = z.strictObject(filters);
export type AuditQuery = z.output<typeof auditQuery>;
export const auditAllQuery = z.strictObject({
  ...filters,
  from: filters.from.meta({
    description: `Only at or after this instant, or on or after this date in ${DEFAULT_TIME_ZONE}`,
    examples: ['2026-10-31T15:00:00Z'],
  }),
  to: filters.to.meta({
    description: `Only before this instant, or before this date in ${DEFAULT_TIME_ZONE}`,
    examples: ['2026-11-30T15:00:00Z'],
  }),
  mainAccount: mainAccountId.optional().meta({ description: 'Only of this main account, by its id' }),
});
