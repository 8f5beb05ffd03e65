import { z } from 'zod';
import { instant, mainAccountId, storableText, subAccountId, timeZone } from '../scalars.js';
import { SCOPES } from './access.js';
import { accountPassword, displayName } from './fields.js';
import { CALLERS } from './route.js';
import { subAccountView } from './sub-accounts.js';

/**
 * A login field. Only its size is limited, so that every wrong login gets the same answer (OWASP Authentication Cheat
 * Sheet).
 */
const typed = (examples: string[], description: string) =>
  storableText(256).min(1).meta({ examples, description });
const typedPassword = (description: string) =>
  storableText(128)
    .min(1)
    .meta({ format: 'password', description, examples: ['correct1horse'] });

const accountLogin = z
  .strictObject({
    login: typed(['kita-clinic'], 'Login of an operator or a main account, in any case'),
    password: typedPassword('Its password'),
  })
  .meta({ id: 'AccountLogin' });
const subAccountLogin = z
  .strictObject({
    mainAccount: typed(['Zk3vQ0a8x1Lm2PqR'], 'The end of the main account’s `loginUrl`'),
    subAccount: typed(['Sales1'], 'Name of the sub-account, in any case'),
    password: typedPassword('Its password'),
  })
  .meta({ id: 'SubAccountLogin' });
export const createSession = z.union([accountLogin, subAccountLogin]).meta({ id: 'CreateSession' });
export type CreateSession = z.output<typeof createSession>;

/** The current caller. For an API key, `csrfToken` and `expiresAt` are null. */
export const sessionView = z
  .object({
    who: z.enum(CALLERS).meta({ description: 'Kind of caller', examples: ['main'] }),
    name: displayName.meta({ description: 'Of the main account, sub-account, operator or key' }),
    login: z
      .string()
      .nullable()
      .meta({ description: 'Login of an operator or main account', examples: ['kita-clinic'] }),
    mainAccountId: mainAccountId
      .nullable()
      .meta({ description: 'Main account that the caller belongs to; null for operator and SMS service' }),
    subAccountId: subAccountId
      .nullable()
      .meta({ description: 'Sub-account that the caller is; null for all others' }),
    scopes: z
      .array(z.enum(SCOPES))
      .meta({ description: 'What the caller may do', examples: [['read', 'write']] }),
    csrfToken: z
      .string()
      .nullable()
      .meta({
        description: 'To be sent back as X-CSRF-Token with every write of this session',
        examples: ['wq0bX1r7u2Yy5nq8Zl3m6T9c4V0e1A8s7D2f3G4h5J6'],
      }),
    expiresAt: instant.nullable().meta({ description: 'When the session ends at the latest' }),
  })
  .meta({ id: 'Session' });
export type SessionView = z.infer<typeof sessionView>;

export const changePassword = z
  .strictObject({
    currentPassword: typedPassword('The password as it is'),
    newPassword: accountPassword.meta({
      description:
        '8 to 128 characters, neither a common password nor the login; of a sub-account letters and digits only (A-Z, a-z, 0-9)',
    }),
  })
  .meta({ id: 'ChangePassword' });

/** A sub-account as it sees itself. */
export const meView = subAccountView
  .extend({
    mainAccount: z
      .object({ id: mainAccountId, name: displayName, timeZone })
      .meta({ id: 'MyMainAccount', description: 'The customer that it belongs to' }),
  })
  .meta({ id: 'Me' });
export type MeView = z.infer<typeof meView>;
