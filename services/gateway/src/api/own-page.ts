import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../request/problem.js';

type Given = Pick<FastifyRequest, 'headers' | 'host'>;

/**
 * Refuses requests from pages of other sites (OWASP CSRF Prevention Cheat Sheet, Fetch Metadata). Browsers send the
 * origin of a request, and pages cannot change it. Programs send neither header, and then the session's token
 * decides. `Origin` is for browsers without `Sec-Fetch-Site`, and for addresses without HTTPS.
 *
 *
 * @throws ProblemError `forbidden` if the page belongs to another site
 */
export function requireOwnPage({ headers, host }: Given, publicUrl: string): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) {
    if (site !== 'same-origin' && site !== 'none') throw foreign('Sec-Fetch-Site');
    return;
  }
  const { origin } = headers;
  if (origin === undefined || origin === new URL(publicUrl).origin) return;
  if (!URL.canParse(origin) || new URL(origin).host !== host) throw foreign('Origin');
}

const foreign = (path: string): ProblemError =>
  new ProblemError('forbidden', { errors: [{ path, message: 'must be that of a page of this gateway' }] });
