import { REJECTION_CODES, type RejectionCode } from './vocabulary.js';

export interface ErrorDefinition {
  /** HTTP status that the gateway answers with. */
  readonly status: number;
  readonly title: string;
}

/** Refusals of the gateway itself, which need no decision of the ledger. */
const GATEWAY_ERRORS = {
  'malformed-request': { status: 400, title: 'The request could not be read' },
  'validation-failed': { status: 422, title: 'Some fields are not valid' },
  unauthorized: { status: 401, title: 'A valid key or session is needed' },
  forbidden: { status: 403, title: 'This key does not allow that' },
  'not-found': { status: 404, title: 'There is no such thing here' },
  'method-not-allowed': { status: 405, title: 'This path does not take that method' },
  'not-acceptable': { status: 406, title: 'The answer is not available in that form' },
  'name-taken': { status: 409, title: 'Another sub-account has this name' },
  'login-taken': { status: 409, title: 'Another account has this login' },
  'sender-not-allowed': { status: 409, title: 'The sub-account may not send from this number' },
  'too-many-webhooks': { status: 409, title: 'The customer has as many webhooks as allowed' },
  'too-many-api-keys': { status: 409, title: 'The customer has as many API keys as allowed' },
  'webhook-disabled': { status: 409, title: 'The webhook is switched off' },
  'operation-in-progress': { status: 409, title: 'The same request is still under way' },
  'precondition-failed': { status: 412, title: 'It has changed since you read it' },
  'payload-too-large': { status: 413, title: 'The request is too large' },
  'unsupported-media-type': { status: 415, title: 'Send JSON' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'internal-error': { status: 500, title: 'Something went wrong on our side' },
  'service-unavailable': { status: 503, title: 'A part of the system cannot be reached now' },
} as const satisfies Record<string, ErrorDefinition>;

const conflict = (title: string): ErrorDefinition => ({ status: 409, title });

/** Refusals by the ledger. The status is 409, except for the two that only another request can avoid. */
const REJECTIONS: Record<RejectionCode, ErrorDefinition> = {
  'invalid-command': { status: 422, title: 'The ledger could not read the command' },
  'idempotency-conflict': { status: 422, title: 'This key was used for another request' },
  'main-account-not-found': conflict('The main account has no books'),
  'month-start-failed': conflict('The month start of this customer could not be made'),
  'already-exists': conflict('It exists already'),
  'sub-account-not-found': conflict('There is no such sub-account'),
  'invalid-amount': conflict('The amount is not possible'),
  'duplicate-reference': conflict('This reference was booked before'),
  'period-not-due': conflict('This month has not begun'),
  'feature-inactive': conflict('Sub-accounts are not activated for this customer'),
  'too-many-sub-accounts': conflict('The customer has as many sub-accounts as allowed'),
  'sub-accounts-active': conflict('Active sub-accounts stand in the way'),
  'already-charged': conflict('The message was charged already'),
  'hold-released': conflict('The hold was released'),
  'already-held': conflict('The message has a hold already'),
  'sub-account-inactive': conflict('The sub-account is inactive'),
  'sub-account-suspended': conflict('The customer is suspended'),
  'sub-account-paused': conflict('The sub-account is paused'),
  'sub-account-unfunded': conflict('The sub-account has no points'),
  'limit-exceeded': conflict('The limit does not cover it'),
  'balance-due': conflict('A balance is due'),
  'insufficient-main-balance': conflict('The main account has not enough points'),
};

/** Every error code with its HTTP status and title (RFC 9457). Each has a page, `docs/errors/<code>.md`. */
export const ERRORS = { ...GATEWAY_ERRORS, ...REJECTIONS } as const satisfies Record<string, ErrorDefinition>;
export type ErrorCode = keyof typeof GATEWAY_ERRORS | RejectionCode;
export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[];

export const isRejectionCode = (code: string): code is RejectionCode =>
  (REJECTION_CODES as readonly string[]).includes(code);
