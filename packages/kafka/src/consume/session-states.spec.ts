import { describe, expect, test } from '@jest/globals';
import {
  nextSessionState,
  SESSION_TRANSITIONS,
  type SessionAges,
  SessionEndedError,
  type SessionEvent,
  type SessionState,
  silenceOf,
} from './session-states.js';

const EVENTS: SessionEvent[] = ['join-begun', 'joined', 'confirmed', 'silent', 'crashed', 'closed'];
const STATES = Object.keys(SESSION_TRANSITIONS) as SessionState[];

describe('the life of a session', () => {
  test.each<[SessionState, ...(SessionState | '-')[]]>([
    // join-begun, joined, confirmed, silent, crashed, closed
    ['connecting', 'joining', '-', '-', 'failed', 'failed', 'closed'],
    ['joining', 'joining', 'member', 'joining', 'failed', 'failed', 'closed'],
    ['member', 'joining', '-', 'member', 'failed', 'failed', 'closed'],
    ['failed', '-', '-', '-', 'failed', 'failed', 'closed'],
    ['closed', '-', '-', '-', 'closed', 'closed', 'closed'],
  ])('%s', (state, ...expected) => {
    const actual = EVENTS.map((event) => {
      try {
        return nextSessionState(state, event);
      } catch (error) {
        expect(error).toBeInstanceOf(SessionEndedError);
        return '-';
      }
    });
    expect(actual).toEqual(expected);
  });

  test('from every state it can be closed, and nothing leads back from an end', () => {
    for (const state of STATES) expect(nextSessionState(state, 'closed')).toBe('closed');
    const after = (state: SessionState) => new Set(Object.values(SESSION_TRANSITIONS[state]));
    expect(after('closed')).toEqual(new Set(['closed']));
    expect(after('failed')).toEqual(new Set(['failed', 'closed']));
  });
});

describe('what a session waits for too long', () => {
  const well: SessionAges = {
    state: 'member',
    sessionTimeoutMs: 6_000,
    inStateMs: 3_600_000,
    confirmedMs: 1_000,
    fetchMs: 30,
  };
  test.each<[string, Partial<SessionAges>, string | null]>([
    ['a member whose answers come', {}, null],
    ['a heartbeat just in time', { confirmedMs: 6_000 }, null],
    ['no heartbeat', { confirmedMs: 6_001 }, 'the group has not confirmed the membership for 6.0 s'],
    ['a fetch that hangs', { fetchMs: 7_200 }, 'a fetch has not been answered for 7.2 s'],
    [
      'a join that waits for silent members',
      { state: 'joining', inStateMs: 12_000, confirmedMs: 12_500 },
      null,
    ],
    [
      'a join that hangs',
      { state: 'joining', inStateMs: 12_001 },
      'the group has not answered a join for 12.0 s',
    ],
    [
      'no connection',
      { state: 'connecting', inStateMs: 13_000, confirmedMs: Number.POSITIVE_INFINITY },
      'the group has not answered a join for 13.0 s',
    ],
    ['one that has ended', { state: 'failed', confirmedMs: 60_000 }, null],
    ['one that was closed', { state: 'closed', confirmedMs: 60_000 }, null],
  ])('%s', (_, ages, expected) => expect(silenceOf({ ...well, ...ages })).toBe(expected));
});
