import type { CommandName } from '@subledger/contracts';
import { type SeededRandom } from '@subledger/simulator';
import type { Customer } from './customers.js';

interface Drawn {
  readonly name: CommandName;
  readonly data: Record<string, unknown>;
}

type Draw = (random: SeededRandom, customer: Customer) => Record<string, unknown>;

/** Small amounts, so that limits and balances are reached. Some leave odd millipoints. */
export const AMOUNTS = ['0.001', '1', '1.2', '3', '7.5', '10', '24.999', '60'] as const;
const LIMITS = ['0', '5', '10', '20', '40', '90'] as const;
const CREDITS = ['0', '15', '40', '200', null] as const;
const OTHER_ZONES = [
  'Asia/Tokyo',
  'America/New_York',
  'Pacific/Kiritimati',
  'Asia/Kathmandu',
  'UTC',
] as const;

const existing = (random: SeededRandom, { subs }: Customer): string =>
  subs.length > 0 && random.chance(0.96) ? random.pick(subs) : 'sa_nobody';
const nothing: Draw = () => ({});
const forSub: Draw = (random, customer) => ({ subAccountId: existing(random, customer) });

function openSub(random: SeededRandom, customer: Customer): Record<string, unknown> {
  const isNew = customer.subs.length < customer.maxSubs || random.chance(0.2);
  const subAccountId = isNew
    ? `sa_${customer.id.slice(3)}-${customer.subs.length}`
    : (random.pick(customer.subs) as string);
  if (isNew) customer.subs.push(subAccountId);
  const priority = random.chance(0.3) ? { priority: random.int(0, 300) } : {};
  return { subAccountId, limit: random.pick(LIMITS), ...priority };
}

function placeHold(random: SeededRandom, customer: Customer): Record<string, unknown> {
  const known = random.chance(0.2) && customer.messages.length > 0 ? random.pick(customer.messages) : null;
  const again = random.chance(0.1) && customer.held.length > 0 ? random.pick(customer.held) : null;
  const messageId = (known ?? again)?.messageId ?? `m-${random.int(0, 2 ** 30).toString(36)}`;
  const subAccountId = existing(random, customer);
  const points = random.pick(AMOUNTS);
  customer.held.push({ messageId, subAccountId, points });
  return { subAccountId, messageId, points, expiresInSeconds: random.int(1, 86_400) };
}

function releaseHold(random: SeededRandom, customer: Customer): Record<string, unknown> {
  const hold = customer.held.length > 0 && random.chance(0.9) ? random.pick(customer.held.slice(-12)) : null;
  const messageId = hold?.messageId ?? `m-${random.int(0, 2 ** 30).toString(36)}`;
  // A barred hold may be placed later.
  if (!hold) customer.held.push({ messageId, subAccountId: existing(random, customer), points: '1' });
  return { messageId, reason: random.pick(['released', 'expired']) };
}

function configure(random: SeededRandom): Record<string, unknown> {
  return {
    ...(random.chance(0.5) ? { creditLimit: random.pick(CREDITS) } : {}),
    ...(random.chance(0.5) ? { fundingPolicy: random.pick(['full', 'partial']) } : {}),
    ...(random.chance(0.4) ? { timeZone: random.pick(OTHER_ZONES) } : {}),
    ...(random.chance(0.4) ? { suspendBelow: random.pick([null, '-30', '0', '40']) } : {}),
  };
}

/** Whether a reference is booked although it was booked before. */
const insistence = (random: SeededRandom) =>
  random.chance(0.2) ? { allowDuplicateReference: random.chance(0.7) } : {};

/** Every command, by its frequency. `period.roll` is drawn by the clock's part of the workload. */
const DRAWS: readonly (readonly [weight: number, name: CommandName, draw: Draw])[] = [
  [
    5,
    'points.purchase',
    (random) => ({
      points: random.pick(AMOUNTS),
      ...(random.chance(0.9)
        ? { reference: random.pick(['Order', 'ORDER', 'ｏrder']) + random.int(1, 99) }
        : {}),
      ...insistence(random),
    }),
  ],
  [
    3,
    'points.adjust',
    (random) => ({
      points: `${random.chance(0.5) ? '-' : ''}${random.pick(AMOUNTS)}`,
      reason: `ticket ${random.int(1, 99)}`,
      ...insistence(random),
    }),
  ],
  [6, 'sub-account.open', openSub],
  [
    8,
    'limit.change',
    (random, customer) => ({
      ...forSub(random, customer),
      limit: random.pick(LIMITS),
      ...(random.chance(0.3) ? { effective: 'next-period' } : {}),
    }),
  ],
  [
    3,
    'limit.boost',
    (random, customer) => ({ ...forSub(random, customer), points: random.pick(LIMITS.slice(1)) }),
  ],
  [1.5, 'sub-account.deactivate', forSub],
  [3, 'sub-account.reactivate', forSub],
  [0.7, 'sub-account.delete', forSub],
  [1, 'sub-account.pause', forSub],
  [1.5, 'sub-account.resume', forSub],
  [
    1,
    'sub-account.configure',
    (random, customer) => ({ ...forSub(random, customer), priority: random.int(0, 300) }),
  ],
  [16, 'hold.place', placeHold],
  [8, 'hold.release', releaseHold],
  [1.5, 'plan.switch', (random) => ({ plan: random.pick(['prepay', 'postpay']) })],
  [1.5, 'main-account.configure', configure],
  [0.7, 'main-account.suspend', nothing],
  [2, 'main-account.resume', nothing],
  [0.7, 'feature.activate', nothing],
  [0.7, 'snapshot.request', (random) => ({ history: random.chance(0.5) })],
  [0.5, 'feature.deactivate', nothing],
  [0.5, 'main-account.open', (_, { plan, zone }) => ({ plan, timeZone: zone })],
];
const TOTAL = DRAWS.reduce((sum, [weight]) => sum + weight, 0);

export function drawCommand(random: SeededRandom, customer: Customer): Drawn {
  let left = random.next() * TOTAL;
  for (const [weight, name, draw] of DRAWS) {
    left -= weight;
    if (left < 0) return { name, data: draw(random, customer) };
  }
  return { name: 'feature.activate', data: {} };
}

/** Commands that set a customer up, so that later ones have something to work on. */
export function settingUp(random: SeededRandom, customer: Customer): Drawn[] {
  const { plan, zone, creditLimit, fundingPolicy, maxSubs } = customer;
  return [
    { name: 'main-account.open', data: { plan, timeZone: zone, creditLimit, fundingPolicy } },
    ...(random.chance(0.3) ? [{ name: 'sub-account.open' as const, data: openSub(random, customer) }] : []),
    { name: 'feature.activate', data: {} },
    { name: 'points.purchase', data: { points: random.pick(['60', '150', '400']), reference: 'first' } },
    ...Array.from({ length: Math.max(2, maxSubs - 1) }, () => ({
      name: 'sub-account.open' as const,
      data: openSub(random, customer),
    })),
  ];
}
