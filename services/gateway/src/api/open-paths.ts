/** Paths, as the router has them, that need no key: nothing else is open. */
export const OPEN_PATHS: ReadonlySet<string> = new Set([
  '/healthz',
  '/readyz',
  '/openapi.json',
  '/asyncapi.json',
  '/docs',
  '/docs/events',
  '/docs/guides/:name',
  '/docs/assets/:version/:name',
  '/docs/errors',
  '/docs/errors/:code',
]);
