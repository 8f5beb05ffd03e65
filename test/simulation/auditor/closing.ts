import { amountOf, equal } from './check.js';
import type { EventView } from './evidence.js';

/** Checks that the closing figures of an event agree with the books. */
export function assertClosing(event: EventView, period: string, figures: object): void {
  const closed = event.data.closed as Record<string, unknown>;
  equal(closed.period, period, () => `period that closes in ${event.id}`);
  for (const [name, value] of Object.entries(figures))
    equal(amountOf(closed[name]), value, () => `${name} of the closing in ${event.id}`);
}
