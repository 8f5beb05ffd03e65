import type { FastifyInstance } from 'fastify';

/**
 * Loads, runs, frames and sends nothing: for JSON, files and errors (OWASP REST Security Cheat Sheet). Pages set
 * their own policy.
 */
const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** A year, the minimum for browsers' preload lists (RFC 6797). */
const HSTS = 'max-age=31536000; includeSubDomains';

/** Headers of every answer. */
export const securityHeaders = (publicUrl: string): Readonly<Record<string, string>> => ({
  'content-security-policy': NOTHING,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  ...(publicUrl.startsWith('https:') ? { 'strict-transport-security': HSTS } : {}),
});

/** Adds them unless a handler has set its own. */
export function addSecurityHeaders(fastify: FastifyInstance, publicUrl: string): void {
  const headers = Object.entries(securityHeaders(publicUrl));
  fastify.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of headers) if (!reply.hasHeader(name)) reply.header(name, value);
  });
}
