/** Where one life of a group's member is. `failed` and `closed` are final: what comes after is another life. */
export type SessionState = 'connecting' | 'joining' | 'member' | 'failed' | 'closed';

export type SessionEvent =
  /** The coordinator is being asked, for the first time or again. */
  | 'join-begun'
  /** The group has answered with an assignment. */
  | 'joined'
  /** The group has answered a heartbeat. */
  | 'confirmed'
  /** Neither the group nor the log has answered for longer than they may. */
  | 'silent'
  /** kafkajs gave up. */
  | 'crashed'
  /** We gave it up. */
  | 'closed';

/**
 * Every transition there is. What is missing must not happen: a session that has ended never joins again and is never
 * confirmed again. kafkajs goes on with joins and fetches that were under way when a session ended; those fail here,
 * and with them the rest of its old life, which would otherwise be a member of the group that nobody listens to.
 */
export const SESSION_TRANSITIONS: Readonly<
  Record<SessionState, Readonly<Partial<Record<SessionEvent, SessionState>>>>
> = {
  connecting: { 'join-begun': 'joining', silent: 'failed', crashed: 'failed', closed: 'closed' },
  joining: {
    // kafkajs asks again within one join.
    'join-begun': 'joining',
    joined: 'member',
    // A heartbeat that was under way when another broker's fetch loop began the join.
    confirmed: 'joining',
    silent: 'failed',
    crashed: 'failed',
    closed: 'closed',
  },
  member: {
    'join-begun': 'joining',
    confirmed: 'member',
    silent: 'failed',
    crashed: 'failed',
    closed: 'closed',
  },
  failed: { silent: 'failed', crashed: 'failed', closed: 'closed' },
  closed: { silent: 'closed', crashed: 'closed', closed: 'closed' },
};

/** The session has ended, and something of it still goes on. Ends that too: kafkajs does not try it again. */
export class SessionEndedError extends Error {
  override readonly name = 'SessionEndedError';
  readonly retriable = false;
}

/** @throws SessionEndedError where the table has no such transition */
export function nextSessionState(state: SessionState, event: SessionEvent): SessionState {
  const next = SESSION_TRANSITIONS[state][event];
  if (next === undefined) throw new SessionEndedError(`A session that is ${state} cannot be ${event}`);
  return next;
}

/** What is known of a session's answers, in milliseconds. */
export interface SessionAges {
  readonly state: SessionState;
  readonly sessionTimeoutMs: number;
  /** Since the state was entered, or entered again. */
  readonly inStateMs: number;
  /** Since the group last confirmed the membership. */
  readonly confirmedMs: number;
  /** Since the oldest fetch under way was begun; 0 without one. */
  readonly fetchMs: number;
}

/** A join waits for every member that has gone silent: one session for the last one's, one for the answers. */
const JOIN_SESSIONS = 2;

/** What a session has waited for too long; null while all is well. Whoever hears of it makes a new one. */
export function silenceOf(ages: SessionAges): string | null {
  const { state, sessionTimeoutMs, inStateMs, confirmedMs, fetchMs } = ages;
  const text = (what: string, ms: number) => `${what} for ${(ms / 1_000).toFixed(1)} s`;
  if (state === 'connecting' || state === 'joining') {
    const isTooLong = inStateMs > JOIN_SESSIONS * sessionTimeoutMs;
    return isTooLong ? text('the group has not answered a join', inStateMs) : null;
  }
  if (state !== 'member') return null;
  if (confirmedMs > sessionTimeoutMs) return text('the group has not confirmed the membership', confirmedMs);
  return fetchMs > sessionTimeoutMs ? text('a fetch has not been answered', fetchMs) : null;
}
