import type { RouteId } from '@subledger/contracts';
import type { IdempotencyClaim } from './idempotency.js';
import type { Principal } from './principal.js';
import type { RequestOrigin } from './request-origin.js';

/** What every write needs to know of its request. */
export interface WriteRequest {
  readonly routeId: RouteId;
  readonly principal: Principal;
  readonly claim: IdempotencyClaim | undefined;
  readonly origin: RequestOrigin;
  /** Ids of the path. */
  readonly params?: unknown;
  readonly body?: unknown;
}
