import { partitionFor } from '@subledger/kafka';
import { type SeededRandom } from '@subledger/simulator';

/** Zones with early, late, half-hour and odd clock changes, and one that is ahead of nearly all others. */
const ZONES = [
  'Asia/Tokyo',
  'America/New_York',
  'Europe/Zurich',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
  'America/Sao_Paulo',
  'UTC',
] as const;

interface SentMessage {
  readonly messageId: string;
  readonly subAccountId: string;
  readonly points: string;
}

/** What the workload remembers of a main account: ids, so that most of its commands make sense. */
export interface Customer {
  readonly id: string;
  readonly zone: string;
  readonly plan: 'prepay' | 'postpay';
  readonly creditLimit: string | null;
  readonly fundingPolicy: 'full' | 'partial';
  /** Maximum number of sub-accounts. */
  readonly maxSubs: number;
  readonly subs: string[];
  readonly messages: SentMessage[];
  readonly held: SentMessage[];
}

/** Main accounts over all lanes, one of them with many sub-accounts. */
export function makeCustomers(random: SeededRandom, lanes: number, many: number): Customer[] {
  const customers: Customer[] = [];
  const count = 2 * lanes + 1;
  for (let number = 0; customers.length < count; number += 1) {
    const id = `ma_${random.seed.toString(36)}-${number}`;
    // Two per lane, whatever the hashes of their ids.
    const lane = partitionFor(id, lanes);
    const onLane = customers.filter((customer) => partitionFor(customer.id, lanes) === lane).length;
    if (onLane >= 2 && customers.length < count - 1) continue;
    customers.push({
      id,
      zone: random.pick(ZONES),
      plan: random.chance(0.5) ? 'prepay' : 'postpay',
      creditLimit: random.pick(['0', '40', '40', '200', null]),
      fundingPolicy: random.chance(0.5) ? 'full' : 'partial',
      maxSubs: customers.length === 0 ? many : 4,
      subs: [],
      messages: [],
      held: [],
    });
  }
  return customers;
}
