import type { FastifyRequest } from 'fastify';
import type { Principal } from './principal.js';

const principals = new WeakMap<object, Principal>();

/** Marks a request as authenticated and authorized by the gate. */
export function admit(request: FastifyRequest, principal: Principal): void {
  principals.set(request.raw, principal);
}

/** @throws Error if the request did not pass the gate, because no handler may run without it */
export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request.raw);
  if (!principal) throw new Error('The request was not authenticated');
  return principal;
}
