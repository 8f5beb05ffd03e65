import { ROUTES, type RouteDefinition } from '@subledger/contracts';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../request/problem.js';
import { OPEN_PATHS } from './open-paths.js';

const patterns = [
  ...Object.values<RouteDefinition>(ROUTES).map(({ method, path }) => ({
    method,
    regex: matching(path, /\{\w+\}/g),
  })),
  ...[...OPEN_PATHS].map((path) => ({ method: 'GET', regex: matching(path, /:\w+/g) })),
];

function matching(path: string, parameters: RegExp): RegExp {
  return new RegExp(`^${path.replace(parameters, '[^/]+')}$`);
}

/**
 * 405 with `Allow` if the path exists with other methods, or undefined if the path does not exist (RFC 9110, section
 * 15.5.6).
 */
export function methodNotAllowed(request: FastifyRequest): ProblemError | undefined {
  const path = request.url.split('?')[0] ?? '';
  const methods = new Set(
    patterns.filter(({ regex }) => regex.test(path)).map(({ method }) => method as string),
  );
  if (methods.has('GET')) methods.add('HEAD');
  if (methods.size === 0 || methods.has(request.method)) return undefined;
  return new ProblemError('method-not-allowed', {}, { allow: [...methods].sort().join(', ') });
}
