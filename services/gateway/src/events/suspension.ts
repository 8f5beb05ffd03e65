import type { AutomaticSuspension, EventData } from '@subledger/contracts';
import type { LedgerEvent } from './parse-events.js';

/** A suspension that begins or ends by itself. */
export interface Suspension {
  readonly stopped: boolean;
  readonly reason: AutomaticSuspension;
}

/** What an event says of such a suspension; null where it says nothing. */
export function suspensionOf({ name, data }: LedgerEvent): Suspension | null {
  if (name !== 'main-account.sending-stopped' && name !== 'main-account.sending-resumed') return null;
  const { reason } = data as EventData<typeof name>;
  return { stopped: name === 'main-account.sending-stopped', reason };
}
