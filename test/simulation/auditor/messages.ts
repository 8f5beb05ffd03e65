import { AuditFailure, amountOf, check, equal } from './check.js';
import type { DeadLetters } from './dead-letters.js';
import type { EventLog } from './event-log.js';
import type { EventView, Evidence } from './evidence.js';
import type { InputView } from './input-log.js';

const AHEAD_MS = 24 * 3_600_000;
const BEHIND_MS = 365 * 24 * 3_600_000;
/** Millipoints. */
const MOST_POINTS = 500_000n;

export type Fact = InputView & { kind: 'sent' | 'refunded' };

interface Known {
  readonly charges: Map<string, EventView>;
  readonly credits: Map<string, EventView>;
  /** Sequence of the event that opened each main account's sub-account. */
  readonly opened: Map<string, number>;
}

/**
 * Invariant 5 for facts: a message is charged at most once, and exactly once if it is valid. The same applies to
 * refunds.
 * @returns the record that each event booked, by the event's id
 */
export function auditMessages(
  evidence: Evidence,
  letters: DeadLetters,
  home: readonly InputView[],
  events: EventLog,
): Map<string, Fact> {
  const booked = new Map<string, Fact>();
  const known = collect(events);
  const charged = new Map<string, Fact>();
  const credited = new Map<string, Fact>();
  /** The highest sequence that a fact of a main account has so far. */
  const reached = new Map<string, number>();
  const facts = home.filter((input): input is Fact => input.kind === 'sent' || input.kind === 'refunded');
  for (const [index, input] of facts.entries()) {
    const key = keyOf(input);
    const event = eventOf(known, input);
    const first = (input.kind === 'sent' ? charged : credited).get(key);
    const reason = reasonOf(evidence, letters, input, { event, first, later: facts.slice(index + 1) });
    if (reason !== undefined) {
      assertReason(input, reason, { known, charged, reached, first });
      continue;
    }
    if (first) {
      check(
        isSame(input, first),
        () => `${placeOf(input)} says something else of ${key} and was passed over`,
      );
      continue;
    }
    if (!event) throw new AuditFailure(`${input.kind} ${key} of ${placeOf(input)} had no effect`);
    assertEffect(input, event);
    booked.set(event.id, input);
    const before = reached.get(input.mainAccountId) ?? 0;
    check(event.data.sequence > before, () => `${key} was booked before its turn`);
    reached.set(input.mainAccountId, event.data.sequence);
    (input.kind === 'sent' ? charged : credited).set(key, input);
  }
  for (const key of known.charges.keys()) check(charged.has(key), () => `a charge of no message: ${key}`);
  for (const key of known.credits.keys()) check(credited.has(key), () => `a credit of no refund: ${key}`);
  return booked;
}

const placeOf = ({ record }: InputView) => `${record.topic}:${record.partition}:${record.offset}`;

const keyOf = ({ mainAccountId, id }: Fact) => `${mainAccountId} ${id}`;

const eventOf = ({ charges, credits }: Known, fact: Fact): EventView | undefined =>
  (fact.kind === 'sent' ? charges : credits).get(keyOf(fact));

interface Candidate {
  readonly event: EventView | undefined;
  readonly first: Fact | undefined;
  /** Later facts. */
  readonly later: readonly Fact[];
}

/** Why it was dead-lettered. Results that a restore has undone count only if the record had no other later result. */
function reasonOf(
  { undone }: Evidence,
  letters: DeadLetters,
  input: Fact,
  { event, first, later }: Candidate,
): string | undefined {
  const reason = letters.reasonOf(input.record);
  const undoneAt = undone.get(input.record);
  if (undoneAt === undefined || reason === undefined) return reason;
  if (first) return isSame(input, first) ? undefined : reason;
  if (!event || !isOf(event, input)) return reason;
  // If a later record has the same content in the same millisecond, the event does not show which of them it belongs
  // to: its sub-account may have been opened between the two. If the first was dead-lettered after the restore, it
  // was not booked.
  const hasTwin = later.some((one) => keyOf(one) === keyOf(input) && isOf(event, one));
  return hasTwin && letters.lastOf(input.record) > undoneAt ? reason : undefined;
}

/** Whether an event can be the effect of just this record. */
function isOf({ data }: EventView, input: Fact): boolean {
  if (Date.parse(data.at) !== input.record.timestampMs) return false;
  // Of two records in the same millisecond, it belongs to the other one.
  if (isImplausible(input)) return false;
  const isSent = input.kind === 'sent';
  if (isSent && data.subAccount?.subAccountId !== input.data.subAccountId) return false;
  return amountOf(isSent ? data.points : data.requested) === amountOf(input.data.points);
}

interface SoFar {
  readonly known: Known;
  readonly charged: ReadonlyMap<string, Fact>;
  readonly reached: ReadonlyMap<string, number>;
  /** The fact to which its id already belonged. */
  readonly first: Fact | undefined;
}

function assertReason(input: Fact, reason: string, { known, charged, reached, first }: SoFar): void {
  const { mainAccountId, data } = input;
  const done = reached.get(mainAccountId) ?? 0;
  const openedAt = known.opened.get(`${mainAccountId} ${data.subAccountId}`);
  const message = charged.get(`${mainAccountId} ${data.messageId}`);
  const isRight = {
    unprocessable: input.isPoisoned,
    'unknown-main-account': done === 0,
    // Facts booked earlier show what was known by then.
    'unknown-sub-account': input.kind === 'sent' && (openedAt === undefined || openedAt > done),
    'sent-in-future': isSentInFuture(input),
    'sent-too-long-ago': isSentLongAgo(input),
    'too-many-points': isTooMuch(input) && !isSentInFuture(input) && !isSentLongAgo(input),
    'conflicting-duplicate': first !== undefined && !isSame(input, first),
    'unknown-message': input.kind === 'refunded' && message === undefined,
  }[reason];
  check(isRight === true, () => `${placeOf(input)} (${input.id}) is a dead letter: ${reason}`);
}

/** What makes a repeat: for a message its points and its sub-account, for a refund its message. */
const isSame = (one: Fact, other: Fact): boolean =>
  one.kind === 'refunded'
    ? one.data.messageId === other.data.messageId
    : amountOf(one.data.points) === amountOf(other.data.points) &&
      one.data.subAccountId === other.data.subAccountId;

function assertEffect(fact: Fact, event: EventView): void {
  const { kind, data, record, isPoisoned, id } = fact;
  check(!isPoisoned, () => `${id} should have stopped its record`);
  const requested = kind === 'sent' ? event.data.points : event.data.requested;
  equal(amountOf(requested), amountOf(data.points), () => `points of ${event.id}`);
  equal(Date.parse(event.data.at), record.timestampMs, () => `broker time of ${event.id}`);
  if (kind === 'sent')
    equal(event.data.subAccount?.subAccountId, data.subAccountId, () => `sub-account of ${event.id}`);
  check(!isImplausible(fact), () => `${id} was sent at another time, or costs more, than a message can`);
}

const isSentInFuture = ({ kind, data, record }: Fact): boolean =>
  kind === 'sent' && Date.parse(String(data.sentAt)) > record.timestampMs + AHEAD_MS;
const isSentLongAgo = ({ kind, data, record }: Fact): boolean =>
  kind === 'sent' && Date.parse(String(data.sentAt)) < record.timestampMs - BEHIND_MS;
const isTooMuch = ({ kind, data }: Fact): boolean => kind === 'sent' && amountOf(data.points) > MOST_POINTS;
const isImplausible = (fact: Fact): boolean => isSentInFuture(fact) || isSentLongAgo(fact) || isTooMuch(fact);

function collect({ books }: EventLog): Known {
  const known: Known = { charges: new Map(), credits: new Map(), opened: new Map() };
  for (const event of [...books.values()].flat()) {
    const { mainAccountId, messageId, refundId, subAccount, sequence } = event.data;
    if (event.name === 'message.charged') known.charges.set(`${mainAccountId} ${messageId}`, event);
    if (event.name === 'message.credited') known.credits.set(`${mainAccountId} ${refundId}`, event);
    if (event.name === 'sub-account.opened')
      known.opened.set(`${mainAccountId} ${subAccount?.subAccountId}`, sequence);
  }
  return known;
}
