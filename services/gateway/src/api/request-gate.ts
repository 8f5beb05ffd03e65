import { ROUTE_IDS, ROUTES, type RouteDefinition, type RouteId } from '@subledger/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Authenticator } from '../access/authenticator.js';
import { isCsrfTokenOf } from '../access/session-token.js';
import type { DependencyMonitor } from '../availability/dependency-monitor.js';
import { admit } from '../request/admission.js';
import { authorize, type PathIds, type Principal } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import { routerPath } from '../request/router-path.js';
import { methodNotAllowed } from './allowed-methods.js';
import { OPEN_PATHS } from './open-paths.js';
import { requireOwnPage } from './own-page.js';
import type { RequestLimits } from './request-limits.js';

/**
 * Browsers send a cookie with requests of any page, but only our own page knows the token (OWASP CSRF Prevention
 * Cheat Sheet).
 *
 *
 * @throws ProblemError `forbidden` if a session's write comes without it
 */
function requireCsrfToken({ session, secret }: Principal, given: string | string[] | undefined): void {
  if (!session || (typeof given === 'string' && isCsrfTokenOf(secret, given))) return;
  throw new ProblemError('forbidden', {
    errors: [{ path: 'X-CSRF-Token', message: 'must be the csrfToken of the session' }],
  });
}

/** Health probes are frequent and must never be refused. */
const NEVER_LIMITED: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

export interface GateParts {
  readonly authenticator: Authenticator;
  readonly monitor: DependencyMonitor;
  readonly limits: RequestLimits;
  readonly publicUrl: string;
}

/**
 * Runs as soon as the route is known, before the body is read, so that no body is read without a valid credential.
 * Too frequent callers are refused before any look-up. During a known outage the answer is immediate.
 */
export function addRequestGate(fastify: FastifyInstance, parts: GateParts): void {
  const { monitor, limits, publicUrl } = parts;
  const routes = new Map<string, RouteId>(
    ROUTE_IDS.map((id) => [`${ROUTES[id].method} ${routerPath(ROUTES[id].path)}`, id]),
  );
  fastify.addHook('onRequest', async (request, reply) => {
    const pattern = request.routeOptions.url;
    if (pattern !== undefined && NEVER_LIMITED.has(pattern)) return;
    if (pattern === undefined || OPEN_PATHS.has(pattern)) {
      await limits.requireOfAddress(request, reply);
      // Before the framework looks for a body. Unknown paths continue to the handler of 404.
      const refusal = pattern === undefined ? methodNotAllowed(request) : undefined;
      if (refusal) throw refusal;
      return;
    }
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const id = routes.get(`${method} ${pattern}`);
    if (id === undefined) throw ProblemError.notFound();
    const route: RouteDefinition = ROUTES[id];
    if (route.open) {
      await limits.requireOfAddress(request, reply);
      // A login from a page of another site would put a stranger's session into the browser.
      if (route.method !== 'GET') requireOwnPage(request, publicUrl);
      monitor.requireDatabase();
      return;
    }
    await limits.requireOfStranger(request, reply);
    monitor.requireDatabase();
    const principal = await authenticate(request, parts);
    await limits.requireOf(principal, request, reply);
    authorize(principal, route, request.params as PathIds);
    if (route.method !== 'GET' && principal.session) {
      requireOwnPage(request, publicUrl);
      requireCsrfToken(principal, request.headers['x-csrf-token']);
    }
    if (route.command) monitor.requireBroker();
    admit(request, principal);
  });
}

/** @throws ProblemError `unauthorized` */
async function authenticate(
  request: FastifyRequest,
  { authenticator, limits }: GateParts,
): Promise<Principal> {
  try {
    return await authenticator.authenticate(request.headers);
  } catch (error) {
    if (error instanceof ProblemError) limits.wasWrong(request);
    throw error;
  }
}
