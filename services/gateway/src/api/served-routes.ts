import type { FastifyInstance } from 'fastify';

/** A route of the router, with parameters in its notation (`:id`). */
export interface ServedRoute {
  readonly method: string;
  readonly path: string;
}

/** Collects every route that is added from now on. */
export function noteRoutes(fastify: FastifyInstance): readonly ServedRoute[] {
  const routes: ServedRoute[] = [];
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, path: url });
  });
  return routes;
}
