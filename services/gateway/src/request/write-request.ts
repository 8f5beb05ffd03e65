import type { RouteId } from '@subledger/contracts';
import type { IdempotencyClaim } from './idempotency.js';
import type { Principal } from './principal.js';
import type { RequestOrigin } from './request-origin.js';

/** The parts of a request that every write needs. */
export interface WriteRequest {
  readonly routeId: RouteId;
  readonly principal: Principal;
  readonly claim: IdempotencyClaim | undefined;
  readonly origin: RequestOrigin;
  /** Ids in the path. */
  readonly params?: unknown;
  readonly body?: unknown;
}
