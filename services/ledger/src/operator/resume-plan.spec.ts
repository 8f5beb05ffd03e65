import { describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import type { InputView, LaneView } from './lane-view.js';
import { describePlan, planResume } from './resume-plan.js';

const input = (fields: Partial<InputView> = {}): InputView => ({
  topic: TOPICS.commands,
  stored: 50n,
  low: 10n,
  high: 60n,
  problem: null,
  undecodable: [],
  ...fields,
});
const GONE = { stored: 5n, problem: 'before the beginning' };
const ANEW = { stored: 99n, problem: 'after the end' };
const OTHER = { problem: 'another record' };

const view = (commands: Partial<InputView>, generation = 1, publishedGeneration = 1): LaneView => ({
  row: {
    lease: { lane: 0, epoch: 7n, generation },
    commandOffset: 0n,
    messageOffset: 0n,
    commandLastId: null,
    messageLastId: null,
    laneSequence: 0n,
    publishedSequence: 0n,
    owner: 'me',
    updatedAt: new Date(0),
    rebuildLimits: false,
  },
  commands: input(commands),
  messages: input({ topic: TOPICS.messages }),
  publishedProblem: null,
  publishedGeneration,
});

describe('the plan to resume', () => {
  it.each([
    ['where it fits', {}, undefined, 50n, true, 'resumes at 50, its stored position'],
    [
      'after retention',
      GONE,
      undefined,
      10n,
      false,
      'offsets 5 to 9 are SKIPPED (5 of them are gone from the log)',
    ],
    ['in a new topic', ANEW, undefined, 10n, false, 'another one than the row knows'],
    ['after another record', OTHER, undefined, 10n, false, 'offsets 10 to 49 are read again'],
    [
      'after another record, by request',
      OTHER,
      'stored',
      50n,
      false,
      'without a check of the record before it',
    ],
    ['from the end', {}, 'end', 60n, false, 'offsets 50 to 59 are SKIPPED;'],
    ['from an offset', {}, '20', 20n, false, 'offsets 20 to 49 are read again'],
    [
      'from beyond what is gone',
      GONE,
      '12',
      12n,
      false,
      'offsets 5 to 11 are SKIPPED (5 of them are gone from the log)',
    ],
  ] as const)('%s', (_where, fields, wanted, to, keepsLastId, words) => {
    const lane = view(fields);
    const { commands, messages } = planResume(lane, { commands: wanted });
    expect(commands).toMatchObject({ to, keepsLastId });
    expect(describePlan(commands, lane.commands)).toContain(words);
    expect(messages).toMatchObject({ to: 50n, keepsLastId: true });
  });

  it.each(['9', '61', 'nowhere', '-1', ''])('refuses the position "%s"', (wanted) => {
    expect(() => planResume(view({}), { commands: wanted })).toThrow(/is not in|takes stored/);
  });

  it('refuses to stay where the log does not reach', () => {
    expect(() => planResume(view(GONE), { commands: 'stored' })).toThrow('The stored offset 5 is not in');
  });

  it.each([
    [1, 0, 2],
    [1, 1, 2],
    [1, 4, 5],
    [3, 2, 4],
  ])('raises generation %i, with %i published, to %i', (row, published, next) => {
    expect(planResume(view({}, row, published), {}).generation).toBe(next);
  });
});
