import fc from 'fast-check';
import type { Scenario } from './scenario.js';
import type { Step } from './table.js';

/** One random step. Its text says what it does if fast-check prints the shortest failing run. */
export interface Action {
  readonly toString: () => string;
  readonly step: Step;
}

const HOUR = 3_600_000;
const sub = fc.constantFrom('sa_1', 'sa_1', 'sa_2', 'sa_2', 'sa_3', 'sa_3', 'sa_4', 'sa_5');
const message = fc.integer({ min: 1, max: 24 }).map((number) => `m${number}`);
/** Small, so that limits and balances are reached. Some leave odd millipoints behind. */
const points = fc.constantFrom('0.001', '1', '1.2', '3', '7.5', '10', '24.999', '60');
const AMOUNTS = ['0', '1.2', '3', '7.5', '10', '24.999', '60', '2', '5'];
/** Sometimes an invalid amount. */
const mostly = (amounts: fc.Arbitrary<string>) =>
  fc.oneof(
    { arbitrary: amounts, weight: 14 },
    { arbitrary: fc.constantFrom('0', '-1', '2000000000000000'), weight: 1 },
  );
const limit = fc.constantFrom('0', '5', '10', '20', '40', '90');
const credit = fc.constantFrom('0', '15', '15', '50', '50', null);
const zone = fc.constantFrom('Asia/Tokyo', 'UTC', 'America/New_York', 'Pacific/Kiritimati');
const policyName = fc.constantFrom('full', 'partial');
const plan = fc.constantFrom('prepay', 'prepay', 'postpay');

/** Sometimes more than a message may cost. */
const mostlyPossible = fc.oneof(
  { arbitrary: points, weight: 9 },
  { arbitrary: fc.constant('10000.001'), weight: 1 },
);

type Fields = Record<string, fc.Arbitrary<unknown>>;
/** A command with random fields. */
const command = (name: Parameters<Scenario['run']>[0], fields: Fields = {}) =>
  fc.record(fields).map(
    (data): Action => ({
      toString: () => `${name} ${JSON.stringify(data)}`,
      step: (books) => books.run(name, data as object),
    }),
  );

const messageSent = fc
  .record({
    number: fc.integer({ min: 1, max: 24 }),
    /** Usually derived from the number, so that a repeated message is the same. */
    other: fc.oneof(
      { arbitrary: fc.constant({}), weight: 12 },
      { arbitrary: fc.record({ amount: mostlyPossible }), weight: 2 },
      { arbitrary: fc.record({ to: fc.constantFrom('sa_1', 'sa_2', 'sa_unknown') }), weight: 1 },
    ),
    /** Hours from the record's time; 25 is too far ahead, 366 days are too long ago. */
    hours: fc.oneof(
      { arbitrary: fc.constant(0), weight: 8 },
      { arbitrary: fc.constantFrom(-1, -30, -24 * 20, -24 * 45, 20, 25, -24 * 366), weight: 3 },
    ),
  })
  .map(({ number, other, hours }): Action => {
    const usual = { amount: AMOUNTS[number % AMOUNTS.length] as string, to: `sa_${1 + (number % 3)}` };
    const { amount, to }: typeof usual = { ...usual, ...other };
    return {
      toString: () => `message.sent m${number} of ${to}: ${amount}, ${hours} h`,
      step: (books) => books.sent(`m${number}`, amount, { sub: to, sentAt: books.now + hours * HOUR }),
    };
  });

/** One of these ids by number, so that a step usually finds an existing one. Any id if there is none. */
const pick = (ids: readonly string[], number: number) =>
  ids[number % Math.max(1, ids.length)] ?? `m${number}`;

const messageRefunded = fc
  .record({
    refund: fc.integer({ min: 1, max: 30 }),
    charge: fc.nat({ max: 23 }),
    amount: points,
    any: fc.nat(5),
  })
  .map(
    ({ refund, charge, amount, any }): Action => ({
      toString: () => `message.refunded r${refund} of ${any ? 'charge' : 'm'}${charge}: ${amount}`,
      step: (books) =>
        books.refunded(`r${refund}`, pick(any ? [...books.books.charges.keys()] : [], charge), amount),
    }),
  );

const openHolds = (books: Scenario) =>
  [...books.books.holds.values()].filter(({ state }) => state === 'open').map(({ messageId }) => messageId);
const holdReleased = fc
  .record({ number: fc.nat({ max: 23 }), any: fc.nat(4), reason: fc.constantFrom('released', 'expired') })
  .map(
    ({ number, any, reason }): Action => ({
      toString: () => `hold.release of ${any ? 'open hold ' : 'm'}${number}: ${reason}`,
      step: (books) =>
        books.run('hold.release', { messageId: pick(any ? openHolds(books) : [], number), reason } as object),
    }),
  );

/** Every hold that is over, as the ledger finds them. */
const holdsExpired = fc.constant<Action>({
  toString: () => 'holds that are over expire',
  step: (books) => {
    const found = openHolds(books).map((messageId) => books.expire(messageId));
    return found.at(-1) ?? 'nothing';
  },
});

/** The message of an open hold, for fewer points than it holds, for as many, or for more. */
const heldMessageSent = fc
  .record({ number: fc.nat({ max: 23 }), amount: fc.constantFrom('0', '1.2', '10', '60') })
  .map(
    ({ number, amount }): Action => ({
      toString: () => `message.sent of open hold ${number}: ${amount}`,
      step: (books) => {
        const id = pick(openHolds(books), number);
        return books.sent(id, amount, { sub: books.books.holds.get(id)?.subAccountId ?? 'sa_1' });
      },
    }),
  );

/** Hours that pass. Null: exactly to the month start, or a millisecond before it. */
const clockAdvance = fc
  .record({
    hours: fc.constantFrom(0.01, 1, 20, 24 * 6, 24 * 13, 24 * 35, 24 * 70, null),
    early: fc.boolean(),
  })
  .map(
    ({ hours, early }): Action => ({
      toString: () =>
        hours === null ? `clock to the month start${early ? ' − 1 ms' : ''}` : `clock + ${hours} h`,
      step: (books) => {
        const start = (books.books.main?.nextMonthStart ?? books.now) - (early ? 1 : 0);
        books.now = hours === null ? Math.max(books.now, start) : books.now + hours * HOUR;
        return 'clock';
      },
    }),
  );

/** A roll of a month relative to the account's own. */
const roll = fc.constantFrom(-1, 0, 1, 1, 2).map(
  (months): Action => ({
    toString: () => `period.roll ${months}`,
    step: (books) => {
      const [year = 0, month = 0] = (books.books.main?.period ?? '2026-11').split('-').map(Number);
      const count = year * 12 + month - 1 + months;
      const period = `${Math.floor(count / 12)}-${String((count % 12) + 1).padStart(2, '0')}`;
      return books.run('period.roll', { period });
    },
  }),
);

/** Deactivates all sub-accounts, then runs a command that this allows: ending the feature, or switching the plan. */
const shutDown = fc.constantFrom('feature.deactivate', 'plan.switch' as const).chain((name) =>
  plan.map(
    (to): Action => ({
      toString: () => `all off, then ${name} ${to}`,
      step: (books) => {
        for (const subAccountId of books.books.subAccounts.keys())
          books.run('sub-account.deactivate', { subAccountId });
        return name === 'plan.switch' ? books.run(name, { plan: to }) : books.run('feature.deactivate', {});
      },
    }),
  ),
);

const open = command('main-account.open', {
  plan,
  timeZone: zone,
  creditLimit: credit,
  fundingPolicy: policyName,
});
/** Every schema refuses it. An older release stored it once, so its month start fails. */
const NO_ZONE = 'JST';
const optional = <Value>(of: fc.Arbitrary<Value>) => fc.option(of, { nil: undefined });

const ACTIONS: readonly (readonly [weight: number, action: fc.Arbitrary<Action>])[] = [
  [24, messageSent],
  [4, heldMessageSent],
  [6, messageRefunded],
  [12, clockAdvance],
  [2, roll],
  [12, command('hold.place', { subAccountId: sub, messageId: message, points: mostly(points) })],
  [5, holdReleased],
  [4, holdsExpired],
  [6, command('sub-account.open', { subAccountId: sub, limit, priority: fc.constantFrom(1, 100, 100) })],
  [
    7,
    command('limit.change', {
      subAccountId: sub,
      limit,
      effective: fc.constantFrom('immediately', 'immediately', 'next-period'),
    }),
  ],
  [3, command('limit.boost', { subAccountId: sub, points: limit })],
  [2, command('sub-account.deactivate', { subAccountId: sub })],
  [4, command('sub-account.reactivate', { subAccountId: sub })],
  [1, command('sub-account.delete', { subAccountId: sub })],
  [1, command('sub-account.pause', { subAccountId: sub })],
  [2, command('sub-account.resume', { subAccountId: sub })],
  [2, command('sub-account.configure', { subAccountId: sub, priority: fc.constantFrom(0, 1, 100, 500) })],
  [
    4,
    command('points.purchase', {
      points: mostly(points),
      reference: fc.constantFrom('', '', 'INV-1', 'inv-1 ', 'INV-2'),
      allowDuplicateReference: fc.constantFrom(undefined, undefined, true),
    }),
  ],
  [
    3,
    command('points.adjust', {
      points: fc.oneof(
        mostly(points),
        points.map((text) => `-${text}`),
      ),
      reason: fc.integer({ min: 1, max: 30 }).map((number) => `case ${number}`),
    }),
  ],
  [1, open],
  [2, command('plan.switch', { plan })],
  [
    2,
    command('main-account.configure', {
      creditLimit: optional(credit),
      timeZone: optional(
        fc.oneof({ weight: 6, arbitrary: zone }, { weight: 1, arbitrary: fc.constant(NO_ZONE) }),
      ),
      fundingPolicy: optional(policyName),
      suspendBelow: optional(fc.constantFrom(null, '0', '20', '-30')),
    }),
  ],
  [1, command('main-account.suspend')],
  [2, command('main-account.resume')],
  [1, command('snapshot.request', { history: fc.boolean() })],
  [1, command('feature.activate')],
  [1, command('feature.deactivate')],
  [1, shutDown],
];

const action = fc.oneof(...ACTIONS.map(([weight, arbitrary]) => ({ weight, arbitrary })));
const start = fc.tuple(
  open,
  command('feature.activate'),
  command('points.purchase', { points: fc.constantFrom('20', '60', '150') }),
  ...['sa_1', 'sa_2', 'sa_3'].map((id) =>
    command('sub-account.open', { subAccountId: fc.constant(id), limit }),
  ),
);

/** A run: the policy, a customer (or none), and then random steps. */
export const workload = fc.record({
  maxSubAccounts: fc.constantFrom(3, 4, 5),
  allowEarlyRoll: fc.boolean(),
  opening: fc.oneof({ weight: 18, arbitrary: start }, { weight: 2, arbitrary: fc.constant<Action[]>([]) }),
  actions: fc.array(action, { minLength: 20, maxLength: 120, size: 'max' }),
});
