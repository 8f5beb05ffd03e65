import type { FastifyRequest } from 'fastify';
import type { Principal } from './principal.js';

const principals = new WeakMap<object, Principal>();

/** Lets a request in: the gate has authenticated and authorized it. */
export function admit(request: FastifyRequest, principal: Principal): void {
  principals.set(request.raw, principal);
}

/** @throws Error where the request did not pass the gate: no handler may run without */
export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request.raw);
  if (!principal) throw new Error('The request was not authenticated');
  return principal;
}
