import type { AutomaticSuspension, EventData } from '@subledger/contracts';
import type { LedgerEvent } from './parse-events.js';

/** A suspension that begins or ends automatically. */
export interface Suspension {
  readonly stopped: boolean;
  readonly reason: AutomaticSuspension;
}

/** The suspension that an event reports, or null. */
export function suspensionOf({ name, data }: LedgerEvent): Suspension | null {
  if (name !== 'main-account.sending-stopped' && name !== 'main-account.sending-resumed') return null;
  const { reason } = data as EventData<typeof name>;
  return { stopped: name === 'main-account.sending-stopped', reason };
}
