import type { RouteDefinition, Scope, Who } from '@subledger/contracts';
import { ProblemError } from './problem.js';

/** The owner of a password: an operator or main account by login, or a sub-account. */
export type Owner =
  | { readonly kind: 'operator' | 'main'; readonly loginKey: string; readonly mainAccountId: string | null }
  | { readonly kind: 'sub'; readonly mainAccountId: string; readonly subAccountId: string };

/** A valid session. */
export interface LiveSession {
  readonly id: string;
  readonly owner: Owner;
  /** Name of the operator (its login), main account or sub-account. */
  readonly name: string;
  readonly login: string | null;
  readonly expiresAt: Date;
}

/** The caller, by the credential of the request. */
export interface Principal {
  readonly who: Who;
  /** The main account of a `main` or `sub` principal. */
  readonly mainAccountId?: string;
  /** The sub-account of a `sub` principal. `mainAccountId` is then that of its main account. */
  readonly subAccountId?: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Set if the credential is a session and not a key. */
  readonly session?: LiveSession;
  /** Id of the key or session, to which idempotency keys belong. */
  readonly credentialId: string;
  /** Name of the key, or of the session's owner. */
  readonly name: string;
  /** The secret itself, which is never stored or logged. It encrypts answers stored for repeats. */
  readonly secret: string;
}

/** The owner of an operation. Another caller does not find the operation. */
export function askerOf(principal: Principal): string {
  if (principal.who === 'sub') return `sub:${principal.subAccountId}`;
  return principal.who === 'main' ? `main:${principal.mainAccountId}` : principal.who;
}

/** The ids in a request's path that have an owner. */
export interface PathIds {
  readonly id?: string;
  readonly sub?: string;
}

/**
 * Checks that this principal may use the route for that main account (OWASP API Security, API1:2023 and API5:2023).
 *
 *
 * @throws ProblemError `not-found` if the main account (or for a sub-account, the sub-account) is not the caller's
 *   own, even if the route would be refused anyway, so that nothing reveals which ids exist; `forbidden` if the route
 *   is for other callers, if the route is about sessions and the credential is a key, or if the scope is missing
 */
export function authorize(principal: Principal, route: RouteDefinition, { id, sub }: PathIds): void {
  const { who, mainAccountId, subAccountId, scopes } = principal;
  const isOwned = who === 'main' || who === 'sub';
  if (isOwned && id !== undefined && id !== mainAccountId) throw ProblemError.notFound();
  if (who === 'sub' && sub !== undefined && sub !== subAccountId) throw ProblemError.notFound();
  if (!route.who.includes(who)) throw new ProblemError('forbidden');
  if (route.session && principal.session === undefined) throw new ProblemError('forbidden');
  if (!isOwned) return;
  const allowed = scopes.has('write') || (route.scope === 'read' && scopes.has('read'));
  if (!allowed) throw new ProblemError('forbidden');
}
