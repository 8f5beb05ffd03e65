import type { WriteRouteId } from '@subledger/contracts';

/**
 * What an entry keeps of a request. It is an allow-list, so that a field added to a body later, perhaps a secret, is
 * left out until it is named here (OWASP Logging Cheat Sheet).
 */
export interface AuditRule {
  /** Fields of the body, and their previous values if the body contains them. */
  readonly keeps?: readonly string[];
  /** Secret fields of the body. Only `<field>Changed` is kept. */
  readonly mentions?: readonly string[];
  /** Previous values of settings that the route changes without naming them. */
  readonly was?: readonly string[];
  /** Their new values. */
  readonly becomes?: Readonly<Record<string, string | boolean>>;
}

/**
 * Holds have no entries: they are the traffic of the SMS service, one per message, and the statement lists each
 * (docs/decisions/0018).
 */
const NOT_AUDITED = null;

/** A row per route that changes something. A new route does not compile without one. */
export const AUDIT_RULES: Readonly<Record<WriteRouteId, AuditRule | typeof NOT_AUDITED>> = {
  createMainAccount: {
    keeps: ['name', 'plan', 'timeZone', 'country', 'creditLimit', 'fundingPolicy', 'login'],
    mentions: ['password'],
  },
  patchMainAccount: {
    keeps: ['name', 'creditLimit', 'fundingPolicy', 'timeZone', 'country', 'suspendBelow'],
  },
  suspendMainAccount: { was: ['suspended'], becomes: { suspended: true } },
  resumeMainAccount: { was: ['suspended'], becomes: { suspended: false } },
  requestActivation: { was: ['feature'], becomes: { feature: 'requested' } },
  decideActivation: { keeps: ['decision', 'note'], was: ['feature'] },
  deactivateFeature: { was: ['feature'], becomes: { feature: 'inactive' } },
  createPurchase: { keeps: ['points', 'reference', 'allowDuplicateReference'], was: ['balance'] },
  createAdjustment: { keeps: ['points', 'reason', 'allowDuplicateReference'], was: ['balance'] },
  switchPlan: { keeps: ['plan'] },
  createSubAccount: { keeps: ['name', 'limit', 'senderNumbers', 'priority'], mentions: ['password'] },
  patchSubAccount: {
    keeps: ['limit', 'effective', 'name', 'senderNumbers', 'priority'],
    mentions: ['password'],
  },
  deleteSubAccount: { was: ['name', 'status', 'limit'], becomes: { status: 'deleted' } },
  boostSubAccount: { keeps: ['points'], was: ['boost'] },
  pauseSubAccount: { was: ['status'], becomes: { status: 'paused' } },
  resumeSubAccount: { was: ['status'], becomes: { status: 'active' } },
  deactivateSubAccount: { was: ['status'], becomes: { status: 'inactive' } },
  reactivateSubAccount: { was: ['status'], becomes: { status: 'active' } },
  createApiKey: { keeps: ['name', 'scopes', 'expiresAt'] },
  deleteApiKey: { was: ['name', 'scopes'] },
  placeHold: NOT_AUDITED,
  releaseHold: NOT_AUDITED,
  putSenderNumbers: { keeps: ['senderNumbers'] },
  // The address may contain a token of the receiver.
  createWebhook: { keeps: ['events', 'description'], mentions: ['url'] },
  patchWebhook: { keeps: ['events', 'description', 'enabled'], mentions: ['url'] },
  deleteWebhook: { was: ['events', 'description', 'enabled'] },
  rotateWebhookSecret: { becomes: { secretChanged: true } },
  pingWebhook: {},
  redeliverWebhook: {},
  setMainAccountPassword: { mentions: ['password'] },
  endMainAccountSessions: {},
  endSubAccountSessions: {},
  resetLoginAttempts: {},
  createSession: {},
  deleteSession: {},
  changePassword: { becomes: { passwordChanged: true } },
};
