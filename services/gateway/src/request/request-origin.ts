import type { FastifyRequest } from 'fastify';
import { clientAddress } from './client-address.js';

/** Maximum characters of a User-Agent to keep. */
const MAX_USER_AGENT = 200;

/** The origin of a request, as far as it is known. */
export interface RequestOrigin {
  /** Address of the client, behind trusted proxies (`TRUSTED_PROXIES`). */
  readonly address: string;
  readonly userAgent: string | null;
  readonly requestId: string;
}

export function originOf(request: FastifyRequest): RequestOrigin {
  const userAgent = request.headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? null;
  return { address: clientAddress(request), userAgent, requestId: request.id };
}
