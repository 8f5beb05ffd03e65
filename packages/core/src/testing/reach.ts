import { COMMAND_REFUSALS, type DeadLetterReason, type RejectionCode } from '@subledger/contracts/vocabulary';
import type { CommandName, Input } from '../input.js';
import type { Decision, DomainEvent, EventDetails, EventName } from '../outcome.js';

/** Every refusal of every command. The compiler reports a missing command. */
const REFUSALS: { readonly [Name in CommandName]: readonly RejectionCode[] } = COMMAND_REFUSALS;

type Dropped = DeadLetterReason | 'duplicate';
/** Why a fact is not booked. */
const NOT_BOOKED: { readonly [Kind in 'message.sent' | 'message.refunded']: readonly Dropped[] } = {
  'message.sent': [
    'unknown-main-account',
    'unknown-sub-account',
    'duplicate',
    'conflicting-duplicate',
    'sent-in-future',
    'sent-too-long-ago',
    'too-many-points',
  ],
  'message.refunded': ['unknown-main-account', 'conflicting-duplicate', 'unknown-message', 'duplicate'],
};

/** Every event. The type makes the compiler report a missing one. */
const EVENTS: { readonly [Name in EventName]: true } = {
  'main-account.opened': true,
  'main-account.configured': true,
  'main-account.suspended': true,
  'main-account.resumed': true,
  'main-account.sending-stopped': true,
  'main-account.sending-resumed': true,
  'feature.activated': true,
  'feature.deactivated': true,
  'points.purchased': true,
  'points.adjusted': true,
  'plan.switched': true,
  'sub-account.opened': true,
  'sub-account.configured': true,
  'limit.changed': true,
  'limit.boosted': true,
  'sub-account.paused': true,
  'sub-account.resumed': true,
  'sub-account.deactivated': true,
  'sub-account.reactivated': true,
  'sub-account.deleted': true,
  'sub-account.funded': true,
  'sub-account.rolled': true,
  'hold.placed': true,
  'hold.released': true,
  'message.charged': true,
  'limit.exceeded': true,
  'message.credited': true,
  'period.rolled': true,
  'period.already-rolled': true,
  'snapshot.requested': true,
  'command.rejected': true,
};
const EVENT_NAMES = Object.keys(EVENTS) as EventName[];

const LATE = ['used', 'refunded', 'returned'] as const;
const SETTLED_LATE = 'late, paid by a hold';
const settledLate = ({ name, detail }: DomainEvent): boolean => {
  const { late, fromHold } = detail as Partial<EventDetails['message.charged']>;
  return name === 'message.charged' && late === true && fromHold !== undefined && fromHold > 0n;
};
/**
 * What a decision is an example of: `<input>` if it was accepted, `<input>: <code>` if it was refused, and its
 * events.
 */
export function examplesOf(input: Input, decision: Decision): string[] {
  const name = input.kind === 'command' ? input.name : input.kind;
  if (decision.kind === 'duplicate') return [`${name}: duplicate`];
  if (decision.kind === 'dead-letter') return [`${name}: ${decision.reason}`];
  const { events, changes } = decision;
  const rejected = events.find((event) => event.name === 'command.rejected');
  return [
    rejected ? `${name}: ${(rejected.detail as { code: string }).code}` : name,
    ...events.map((event) => `event ${event.name}`),
    ...(events.some(settledLate) ? [SETTLED_LATE] : []),
    ...changes.lateEntries.flatMap((entry) =>
      LATE.filter((key) => entry[key] > 0n).map((key) => `late ${key}`),
    ),
  ];
}

const pairs = (table: Readonly<Record<string, readonly string[]>>): string[] =>
  Object.entries(table).flatMap(([name, codes]) => [name, ...codes.map((code) => `${name}: ${code}`)]);

/** The complete list of examples that the simulation must reach at least once. */
export const REACHABLE: readonly string[] = [
  ...pairs(REFUSALS),
  ...pairs(NOT_BOOKED),
  'clock',
  'hold.expired',
  SETTLED_LATE,
  ...EVENT_NAMES.map((name) => `event ${name}`),
  ...LATE.map((key) => `late ${key}`),
].sort();
