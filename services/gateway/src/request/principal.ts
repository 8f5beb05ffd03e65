import type { RouteDefinition, Scope, Who } from '@subledger/contracts';
import { ProblemError } from './problem.js';

/** Whose password it is: an operator or main account by login, or a sub-account. */
export type Owner =
  | { readonly kind: 'operator' | 'main'; readonly loginKey: string; readonly mainAccountId: string | null }
  | { readonly kind: 'sub'; readonly mainAccountId: string; readonly subAccountId: string };

/** A session that is valid now. */
export interface LiveSession {
  readonly id: string;
  readonly owner: Owner;
  /** Of the operator (its login), main account or sub-account. */
  readonly name: string;
  readonly login: string | null;
  readonly expiresAt: Date;
}

/** Who asks, as the credential of the request says. */
export interface Principal {
  readonly who: Who;
  /** The main account that a `main` or `sub` principal belongs to. */
  readonly mainAccountId?: string;
  /** The sub-account that a `sub` principal is; `mainAccountId` is then that of its main account. */
  readonly subAccountId?: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Set where the credential is a session and not a key. */
  readonly session?: LiveSession;
  /** Id of the key or session: what idempotency keys belong to. */
  readonly credentialId: string;
  /** Name of the key, or of whose session it is. */
  readonly name: string;
  /** The secret itself, never stored or logged; answers kept for repeats are sealed with it. */
  readonly secret: string;
}

/** Whose an operation is: another asker finds nothing under its id. */
export function askerOf(principal: Principal): string {
  if (principal.who === 'sub') return `sub:${principal.subAccountId}`;
  return principal.who === 'main' ? `main:${principal.mainAccountId}` : principal.who;
}

/** The ids in a request's path that somebody owns. */
export interface PathIds {
  readonly id?: string;
  readonly sub?: string;
}

/**
 * May this principal use the route, for that main account?
 *
 * @throws ProblemError `not-found` where the main account (to a sub-account: or the sub-account) is not the asker's
 *   own, whatever the route allows (an id must not tell that it exists); `forbidden` where the route is for others, is
 *   about sessions and the credential is a key, or the scope is missing
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
