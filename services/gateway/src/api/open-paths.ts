/** The only paths without a credential, in the router's notation. */
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
