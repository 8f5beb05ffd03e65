import { randomUUID } from 'node:crypto';
import { partitionFor } from '@subledger/kafka';
import { type LedgerHarness, newMain, newSub, PARTITIONS } from './ledger-harness.js';

export interface Customer {
  readonly mainAccountId: string;
  readonly subAccountId: string;
}

/** A main account of a given lane. */
export function mainOf(lane: number): string {
  for (;;) {
    const id = newMain();
    if (partitionFor(id, PARTITIONS) === lane) return id;
  }
}

/** Opens a funded customer with one sub-account. The ledger has booked it when this resolves. */
export async function openCustomer(
  harness: LedgerHarness,
  { points = '1000', limit = '100', mainAccountId = newMain() } = {},
): Promise<Customer> {
  const subAccountId = newSub();
  await harness.command('main-account.open', { mainAccountId, plan: 'prepay', timeZone: 'Asia/Tokyo' });
  await harness.command('points.purchase', { mainAccountId, points });
  await harness.command('feature.activate', { mainAccountId });
  const opened = await harness.command('sub-account.open', { mainAccountId, subAccountId, limit });
  await harness.outcome(opened);
  return { mainAccountId, subAccountId };
}

/** Data of a `message.sent` with the current time. */
export const sentMessage = (customer: Customer, points: string, messageId: string = randomUUID()) => ({
  ...customer,
  messageId,
  points,
  sentAt: new Date().toISOString(),
  sender: 'ACME',
  recipient: '+81312345678',
  content: 'secret words',
  segments: 1,
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever is there
export const eventsOf = (values: any[], mainAccountId: string): any[] =>
  values.filter((value) => value.data.mainAccountId === mainAccountId);
