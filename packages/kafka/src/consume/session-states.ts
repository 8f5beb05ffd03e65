/** The state of one life of a group member. `failed` and `closed` are final: another life follows them. */
export type SessionState = 'connecting' | 'joining' | 'member' | 'failed' | 'closed';

export type SessionEvent =
  /** A request to the coordinator began, for the first time or again. */
  | 'join-begun'
  /** The group has answered with an assignment. */
  | 'joined'
  /** The group has answered a heartbeat. */
  | 'confirmed'
  /** Neither the group nor the log answered within the allowed time. */
  | 'silent'
  /** kafkajs gave up. */
  | 'crashed'
  /** We closed it. */
  | 'closed';

/**
 * All allowed transitions. A session that has ended never joins again and is never confirmed again. kafkajs continues
 * joins and fetches that were under way when a session ended. They fail here, which ends the rest of its old life.
 * Otherwise the group would have a member whose batches nobody receives.
 */
export const SESSION_TRANSITIONS: Readonly<
  Record<SessionState, Readonly<Partial<Record<SessionEvent, SessionState>>>>
> = {
  connecting: { 'join-begun': 'joining', silent: 'failed', crashed: 'failed', closed: 'closed' },
  joining: {
    // kafkajs tries again within one join.
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

/**
 * The session has ended, but a part of it is still running. This error ends that part too: kafkajs does not retry it.
 */
export class SessionEndedError extends Error {
  override readonly name = 'SessionEndedError';
  readonly retriable = false;
}

/**
 * The state after an event.
 * @throws SessionEndedError if the table has no such transition
 */
export function nextSessionState(state: SessionState, event: SessionEvent): SessionState {
  const next = SESSION_TRANSITIONS[state][event];
  if (next === undefined) throw new SessionEndedError(`A session that is ${state} cannot be ${event}`);
  return next;
}

/** Ages of a session's last answers, in milliseconds. */
export interface SessionAges {
  readonly state: SessionState;
  readonly sessionTimeoutMs: number;
  /** Since the state was entered, or entered again. */
  readonly inStateMs: number;
  /** Since the group last confirmed the membership. */
  readonly confirmedMs: number;
  /** Since the oldest fetch under way began, or 0 without one. */
  readonly fetchMs: number;
}

/** A join waits for every silent member: one session until the last one is expelled, and one for the answers. */
const JOIN_SESSIONS = 2;

/** The request that the session has waited for too long, as a text, or null. The caller then makes a new session. */
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
