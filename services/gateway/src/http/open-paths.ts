/** Paths, as the router has them, that need no key: nothing else is open. */
export const OPEN_PATHS: ReadonlySet<string> = new Set([
  '/healthz',
  '/readyz',
  '/openapi.json',
  '/docs',
  '/docs/errors/:code',
]);
