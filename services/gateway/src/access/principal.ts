import type { RouteDefinition, Scope, Who } from '@subledger/contracts';
import { ProblemError } from '../http/problem.js';

/** Who asks, as the credential of the request says. */
export interface Principal {
  readonly who: Who;
  /** The main account that a `main` or `sub` principal belongs to. */
  readonly mainAccountId?: string;
  /** The sub-account that a `sub` principal is. */
  readonly subAccountId?: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Id of the key (later also of a session): what idempotency keys belong to. */
  readonly credentialId: string;
  /** The secret itself, never stored or logged; answers kept for repeats are sealed with it. */
  readonly secret: string;
}

/** Whose an operation is: another asker finds nothing under its id. */
export function askerOf(principal: Principal): string {
  return principal.who === 'main' ? `main:${principal.mainAccountId}` : principal.who;
}

/**
 * May this principal use the route, for that main account?
 *
 * @throws ProblemError `not-found` where the main account is not the asker's own, whatever the route allows
 *   (an id must not tell that it exists); `forbidden` where the scope is missing
 */
export function authorize(
  principal: Principal,
  route: RouteDefinition,
  mainAccountId: string | undefined,
): void {
  if (principal.who === 'main' && mainAccountId !== undefined && mainAccountId !== principal.mainAccountId) {
    throw ProblemError.notFound();
  }
  if (!route.who.includes(principal.who)) throw new ProblemError('forbidden');
  if (principal.who !== 'main') return;
  const allowed = principal.scopes.has('write') || (route.scope === 'read' && principal.scopes.has('read'));
  if (!allowed) throw new ProblemError('forbidden');
}
