import { accessRoutes } from './routes-access.js';
import { auditRoutes } from './routes-audit.js';
import { loginRoutes } from './routes-logins.js';
import { featureRoutes, mainAccountRoutes, pointRoutes } from './routes-main-accounts.js';
import { messageRoutes } from './routes-messages.js';
import { periodRoutes } from './routes-periods.js';
import { senderNumberRoutes } from './routes-sender-numbers.js';
import { sessionRoutes } from './routes-session.js';
import { streamRoutes } from './routes-stream.js';
import { subAccountRoutes } from './routes-sub-accounts.js';
import { webhookRoutes } from './routes-webhooks.js';

/**
 * Every route of the API. Validation, authorization and the OpenAPI document are all derived from this table, so that
 * they cannot drift apart. The key is the OpenAPI operationId and the handler's name.
 */
export const ROUTES = {
  ...mainAccountRoutes,
  ...featureRoutes,
  ...pointRoutes,
  ...subAccountRoutes,
  ...accessRoutes,
  ...senderNumberRoutes,
  ...sessionRoutes,
  ...loginRoutes,
  ...messageRoutes,
  ...periodRoutes,
  ...webhookRoutes,
  ...streamRoutes,
  ...auditRoutes,
} as const;
export type RouteId = keyof typeof ROUTES;
/** Routes that may change something. */
export type WriteRouteId = {
  [Id in RouteId]: (typeof ROUTES)[Id]['method'] extends 'GET' ? never : Id;
}[RouteId];
export const ROUTE_IDS = Object.keys(ROUTES) as RouteId[];
