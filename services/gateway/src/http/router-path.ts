/** Braces to colons: how the router writes parameters (`/v1/main-accounts/:id`). */
export const routerPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');
