/**
 * Converts braces to colons, the router's notation of parameters (`/v1/main-accounts/:id`). A colon of the path is
 * doubled.
 */
export const routerPath = (path: string): string => path.replaceAll(':', '::').replace(/\{(\w+)\}/g, ':$1');
