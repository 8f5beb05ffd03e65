import type { FastifyRequest } from 'fastify';
import { clientAddress } from './client-address.js';

/** Longest part of a User-Agent that is kept, in characters. */
const MAX_USER_AGENT = 200;

/** Where a request comes from, as far as it can be told. */
export interface RequestOrigin {
  /** Of the client, behind trusted proxies (`TRUSTED_PROXIES`). */
  readonly address: string;
  readonly userAgent: string | null;
  readonly requestId: string;
}

export function originOf(request: FastifyRequest): RequestOrigin {
  const userAgent = request.headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? null;
  return { address: clientAddress(request), userAgent, requestId: request.id };
}
