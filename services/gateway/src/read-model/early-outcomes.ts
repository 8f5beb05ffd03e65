import type { LedgerEvent } from '../events/parse-events.js';
import { isDirect } from '../operations/direct-runner.js';
import type { PendingDirectRequests } from '../operations/pending-direct-requests.js';
import { outcomeRowOf } from './fold-events.js';

/** A larger batch is a backlog: its requests do not wait any more, and parsing it early would only take memory. */
const MAX_RECORDS = 200;

/**
 * Tells the requests of this instance the outcomes of commands that no operation stands for as soon as their events
 * come, not only once the read model has them. The event is committed in the ledger, so the answer is as true; and
 * who asks for holds reads no balances here, so there is no own write for it to read. Others' requests are told with
 * the read model's batch.
 */
export class EarlyOutcomes {
  private readonly told = new WeakSet<LedgerEvent>();

  constructor(private readonly pending: PendingDirectRequests) {}

  isWorthwhile(records: number): boolean {
    return records <= MAX_RECORDS && !this.pending.isEmpty;
  }

  notify(events: readonly LedgerEvent[]): void {
    for (const event of events) {
      const row = outcomeRowOf(event);
      if (row && isDirect(row.commandId) && this.pending.notify(row)) this.told.add(event);
    }
  }

  wasTold(event: LedgerEvent): boolean {
    return this.told.has(event);
  }
}
