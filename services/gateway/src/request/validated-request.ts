import type { ROUTES, RouteId, RouteInput } from '@subledger/contracts';
import type { RequestOrigin } from './request-origin.js';
import type { WriteRequest } from './write-request.js';

/**
 * A request after authentication, authorization and validation. It is also the `WriteRequest` of its changes. On an
 * open route there is no authenticated caller.
 */
export type ValidatedRequest<Id extends RouteId = RouteId> = ((typeof ROUTES)[Id] extends { open: true }
  ? unknown
  : WriteRequest) &
  RouteInput<(typeof ROUTES)[Id]> & {
    readonly routeId: Id;
    readonly origin: RequestOrigin;
    /** Entity tags of `If-Match`. */
    readonly ifMatch: readonly string[] | undefined;
  };
