/** Braces to colons: how the router writes parameters (`/v1/main-accounts/:id`). A colon of the path is doubled. */
export const routerPath = (path: string): string => path.replaceAll(':', '::').replace(/\{(\w+)\}/g, ':$1');
