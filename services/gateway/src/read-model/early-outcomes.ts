import type { LedgerEvent } from '../events/parse-events.js';
import { isDirect } from '../operations/direct-runner.js';
import type { PendingDirectRequests } from '../operations/pending-direct-requests.js';
import { outcomeRowOf } from './fold-events.js';

/** A larger batch is a backlog. Its requests no longer wait, and parsing it early would only use memory. */
const MAX_RECORDS = 200;

/**
 * Passes outcomes of direct commands to the requests of this instance as soon as their events arrive, before the read
 * model has them. The event is committed in the ledger, so the answer is already final. Callers that place holds read
 * no balances here, so their next read cannot be outdated. Requests of other instances are notified with the read
 * model's batch.
 */
export class EarlyOutcomes {
  readonly #told = new WeakSet<LedgerEvent>();

  constructor(private readonly pending: PendingDirectRequests) {}

  isWorthwhile(records: number): boolean {
    return records <= MAX_RECORDS && !this.pending.isEmpty;
  }

  notify(events: readonly LedgerEvent[]): void {
    for (const event of events) {
      const row = outcomeRowOf(event);
      if (row && isDirect(row.commandId) && this.pending.notify(row)) this.#told.add(event);
    }
  }

  wasTold(event: LedgerEvent): boolean {
    return this.#told.has(event);
  }
}
