import type { ErrorCode } from '../errors.js';

/** What a person needs to know about an error: what happened, what it means for the points, and what to do next. */
export interface ErrorHelp {
  readonly happened: string;
  readonly lost: string;
  readonly next: string;
}

const NOTHING = 'Nothing was changed and no points moved.';
const help = (happened: string, next: string, lost: string = NOTHING): ErrorHelp => ({
  happened,
  lost,
  next,
});

/** One entry per code. The pages under `/docs/errors/` and the `detail` of a problem (RFC 9457) are made from it. */
export const ERROR_HELP: Record<ErrorCode, ErrorHelp> = {
  'malformed-request': help(
    'The request could not be read: its body is not valid JSON, or its address or headers are broken.',
    'Check the body with a JSON checker and send the request again.',
  ),
  'validation-failed': help(
    'One or more fields are missing, unknown, or not valid; `errors` names each of them.',
    'Correct the fields that `errors` names and send the request again.',
  ),
  unauthorized: help(
    'The request has no valid key or session, or the login and password are wrong.',
    'Log in again, or send a valid key in the header “Authorization: Bearer …”.',
  ),
  forbidden: help(
    'Your key or session is valid, but it does not allow this: its scope or role is not enough, or X-CSRF-Token is not that of the session.',
    'Use a key or login that the documentation of this request names. With a session, send its csrfToken as X-CSRF-Token.',
  ),
  'not-found': help(
    'There is nothing at this address, or it does not belong to you.',
    'Check the address and the ids in it.',
  ),
  'method-not-allowed': help(
    'The address exists, but does not take this method.',
    'Use one of the methods in the header “Allow”.',
  ),
  'not-acceptable': help(
    'The answer cannot be given in any of the forms that the header “Accept” names.',
    'Accept application/json.',
  ),
  'month-start-failed': help(
    'The month start of this customer is due, but it failed. Sending is stopped, and the provider has been alerted.',
    'Wait until the provider has repaired it, then send the request again with a new key.',
  ),
  'duplicate-reference': help(
    'A purchase with this reference, or an adjustment with this reason, was booked before; `first` names it.',
    'If it is the same purchase or adjustment, you need do nothing. To book it again, use another text or send allowDuplicateReference.',
  ),
  'name-taken': help(
    'Another sub-account of this customer has this name. Upper and lower case make no difference.',
    'Choose another name, or delete the sub-account that has it.',
  ),
  'login-taken': help(
    'Another account has this login. Upper and lower case make no difference.',
    'Choose another login.',
  ),
  'sender-not-allowed': help(
    'The sender is a number that is not among the sender numbers of the sub-account.',
    'Add the number to the sub-account’s sender numbers, or send from another number.',
  ),
  'too-many-webhooks': help(
    'The customer has as many webhooks as allowed.',
    'Delete one that is not needed, or subscribe an existing one to more events.',
  ),
  'too-many-api-keys': help(
    'The customer has as many API keys as allowed, expired ones included.',
    'Revoke one that is not needed, then repeat the request.',
  ),
  'webhook-disabled': help(
    'The webhook is switched off, so nothing is sent to it.',
    'Switch it on with PATCH and “enabled”: true, then repeat the request.',
  ),
  'operation-in-progress': help(
    'A change that this request depends on is still under way.',
    'Wait a moment, read the object again, and repeat the request.',
  ),
  'precondition-failed': help(
    'The settings have changed since you read them, or a change of them is under way.',
    'Read the sub-account again and repeat the change with its new ETag.',
  ),
  'payload-too-large': help('The body is larger than this address takes.', 'Send a smaller body.'),
  'unsupported-media-type': help(
    'The body is not JSON.',
    'Send JSON with the header “Content-Type: application/json”.',
  ),
  'too-many-requests': help(
    'Too many requests came in a short time.',
    'Wait as long as the header “Retry-After” says, then repeat the request.',
  ),
  'internal-error': help(
    'Something went wrong on our side.',
    'Repeat the request with the same Idempotency-Key; if it fails again, tell the help desk the id in `instance`.',
    'Everything that was accepted before is kept. With an Idempotency-Key a repeat cannot count twice.',
  ),
  'service-unavailable': help(
    'The database or the message broker cannot be reached now.',
    'Repeat the request after the seconds in the header “Retry-After”, with the same Idempotency-Key if it had one.',
    'No points are lost. Requests that were accepted before continue when the service is back.',
  ),
  'invalid-command': help(
    'The ledger could not read the command that the gateway made from this request.',
    'Correct the fields that `errors` names; if there are none, tell the help desk.',
  ),
  'idempotency-conflict': help(
    'This Idempotency-Key was used for a request with other content.',
    'Use a new key for a new request; repeat a request with exactly the same content.',
  ),
  'main-account-not-found': help(
    'The ledger has no books for this customer.',
    'Check the id; for a new customer, wait until its creation has finished.',
  ),
  'already-exists': help(
    'The object that you want to create already exists.',
    'Read the existing one instead.',
  ),
  'sub-account-not-found': help(
    'This customer has no such sub-account, or it was deleted.',
    'Check the id of the sub-account.',
  ),
  'invalid-amount': help(
    'The amount is not possible here.',
    'Send an amount above 0 and below the largest that the documentation names.',
  ),
  'period-not-due': help('The month has not begun in the customer’s time zone.', 'Wait until it begins.'),
  'feature-inactive': help(
    'Sub-accounts are not activated for this customer.',
    'Send an activation request; the help desk answers it.',
  ),
  'too-many-sub-accounts': help(
    'The customer has as many sub-accounts as allowed.',
    'Delete sub-accounts that are not needed, or ask the help desk for more.',
  ),
  'sub-accounts-active': help(
    'The customer has active sub-accounts, which must be inactive for this; `blockers` names them.',
    'Deactivate or delete the sub-accounts in `blockers`, then repeat the request.',
  ),
  'already-charged': help(
    'The message was charged already.',
    'Nothing is left to do for this message; send another one with its own id.',
  ),
  'hold-released': help(
    'The hold of this message was released, has expired, or was released before it was placed.',
    'Use a new message id for a new message.',
  ),
  'already-held': help('The message has an open hold already.', 'Use the hold that exists.'),
  'sub-account-inactive': help(
    'The sub-account is inactive.',
    'Reactivate the sub-account, then repeat the request.',
  ),
  'sub-account-suspended': help(
    'The customer is suspended, so none of its sub-accounts may send.',
    'Ask the operator of the service.',
  ),
  'sub-account-paused': help(
    'The sub-account is paused.',
    'Resume the sub-account, then repeat the request.',
  ),
  'sub-account-unfunded': help(
    'The sub-account has no points, because the main account could not fund it.',
    'Purchase points for the main account; the sub-account is funded at once.',
  ),
  'limit-exceeded': help(
    'The sub-account does not have enough points left; `remaining` says how many there are.',
    'Raise the limit or boost it for this month, or wait for the next month.',
  ),
  'balance-due': help(
    'After this change the main account’s available points would be below 0.',
    'Settle the balance with a purchase, then repeat the request.',
  ),
  'insufficient-main-balance': help(
    'The main account does not have enough points: `needed` are required, `available` are there, and a purchase of `lacking` is enough.',
    'Purchase points or choose a smaller amount, then repeat the request.',
  ),
};
