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
 * Browsers send a cookie with whatever page asks them to; the token only our own page knows.
 *
 * @throws ProblemError `forbidden` where a session's write does not bring it
 */
function requireCsrfToken({ session, secret }: Principal, given: string | string[] | undefined): void {
  if (!session || (typeof given === 'string' && isCsrfTokenOf(secret, given))) return;
  throw new ProblemError('forbidden', {
    errors: [{ path: 'X-CSRF-Token', message: 'must be the csrfToken of the session' }],
  });
}

/** Probes ask often and by themselves; they must never be turned away. */
const NEVER_LIMITED: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

export interface GateParts {
  readonly authenticator: Authenticator;
  readonly monitor: DependencyMonitor;
  readonly limits: RequestLimits;
  readonly publicUrl: string;
}

/**
 * Runs as soon as the route is known and before the body is read: nobody without a key makes us read one. Who asks too
 * often is turned away before anything is looked up, and what is known to be down is answered at once.
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
      // Before the framework looks for a body. Unknown paths go on to the handler of 404.
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
      // A login that a page of somebody else makes would put a stranger's session into the browser.
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
