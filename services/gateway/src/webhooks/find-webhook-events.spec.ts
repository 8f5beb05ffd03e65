import { describe, expect, test } from '@jest/globals';
import { WEBHOOK_EVENT_DATA, webhookBody } from '@subledger/contracts';
import fc from 'fast-check';
import type { LedgerEvent } from '../events/parse-events.js';
import { afterUse, type Given, ledgerEvent, MAIN, SUB, usedEvent } from '../test-support/ledger-events.js';
import { bodyOf } from './enqueue-webhook-events.js';
import { findWebhookEvents, type PreviousStates } from './find-webhook-events.js';
import type { Mark } from './previous-sub-state.js';

const EMPTY: PreviousStates = {
  positions: new Map(),
  subs: new Map(),
  names: new Map([[`${MAIN} ${SUB}`, 'Sales1']]),
};

/** Numbers the events of a story as the ledger does, and says what it tells, each with the number of its event. */
function told(story: readonly ((given: Given) => LedgerEvent)[]): string[] {
  const events = story.map((step, index) => step({ sequence: index + 1 }));
  return findWebhookEvents(events, EMPTY).webhookEvents.map(
    ({ type, dedupeKey }) => `${dedupeKey.split('.')[1]} ${type}`,
  );
}

type Step = (given: Given) => LedgerEvent;
type Sub = NonNullable<Given['sub']>;
const used =
  (points: number, sub: Sub = {}): Step =>
  (given) =>
    usedEvent(points, { ...given, sub });
const event =
  (name: Parameters<typeof ledgerEvent>[0], sub: Sub, more: Given = {}): Step =>
  (given) =>
    ledgerEvent(name, { ...given, ...more, sub });
const limit = (points: number, of: number): Step =>
  event('limit.changed', {
    ...afterUse(of),
    limit: String(points),
    remaining: String(Math.max(0, points - of)),
  });
const exceeded = (points: number, sub: Sub = {}): Step =>
  event(
    'limit.exceeded',
    { ...afterUse(points), ...sub },
    { messageId: 'm', period: '2026-11', points: '3', overage: '2' },
  );
const short: Sub = { remaining: '0', granted: '0', shortfall: '100', status: 'unfunded' };
const refunded = (points: number): Step => event('message.credited', afterUse(points));
const rolled = (sub: Sub): Step => event('sub-account.rolled', { period: '2026-12', ...sub });

const TABLE: [string, Step[], string[]][] = [
  ['below 80 % nothing', [used(0), used(79.999)], []],
  ['80 % exactly', [used(79), used(80)], ['2 limit.reached-80']],
  ['on the way further nothing more', [used(80), used(81), used(99.999)], ['1 limit.reached-80']],
  ['100 % exactly', [used(99), used(100)], ['1 limit.reached-80', '2 limit.reached-100']],
  ['both with one message', [used(10), used(100)], ['2 limit.reached-80', '2 limit.reached-100']],
  ['held points are not used', [used(79, { held: '21', remaining: '0' })], []],
  ['of limit and boost', [used(80, { boost: '20' }), used(96, { boost: '20' })], ['2 limit.reached-80']],
  ['a limit of 0 has no share', [used(5, { limit: '0' })], []],
  ['by a lower limit', [used(79), limit(90, 79)], ['2 limit.reached-80']],
  ['a refund does not make it news again', [used(80), refunded(70), used(85)], ['1 limit.reached-80']],
  [
    'a raise does',
    [used(80), limit(200, 80), used(159, { limit: '200' }), used(160, { limit: '200' })],
    ['1 limit.reached-80', '4 limit.reached-80'],
  ],
  [
    'a raise that stays above does not',
    [used(95), limit(110, 95), used(96, { limit: '110' })],
    ['1 limit.reached-80'],
  ],
  [
    'a raise between the two lifts 100 alone',
    [used(100), limit(120, 100), used(120, { limit: '120' })],
    ['1 limit.reached-80', '1 limit.reached-100', '3 limit.reached-100'],
  ],
  [
    'a boost is a raise',
    [used(80), event('limit.boosted', { ...afterUse(80), boost: '100' }), used(170, { boost: '100' })],
    ['1 limit.reached-80', '3 limit.reached-80'],
  ],
  [
    'a new month begins anew',
    [used(80), rolled({}), used(80, { period: '2026-12' })],
    ['1 limit.reached-80', '3 limit.reached-80'],
  ],
  ['an inactive one reaches nothing', [used(80, { lifecycle: 'inactive' })], []],
  ['a refusal changes nothing', [event('command.rejected', afterUse(80))], []],
  [
    'exceeded, once',
    [used(130), exceeded(130), exceeded(133)],
    ['1 limit.reached-80', '1 limit.reached-100', '2 limit.exceeded'],
  ],
  [
    'exceeded again after a raise',
    [exceeded(130), limit(200, 130), exceeded(203, { limit: '200' })],
    [
      '1 limit.reached-80',
      '1 limit.reached-100',
      '1 limit.exceeded',
      '3 limit.reached-80',
      '3 limit.reached-100',
      '3 limit.exceeded',
    ],
  ],
  [
    'exceeded again after funding',
    [exceeded(5, { ...short, shortfall: '95' }), event('sub-account.funded', afterUse(5)), exceeded(110)],
    [
      '1 limit.exceeded',
      '1 sub-account.unfunded',
      '3 limit.reached-80',
      '3 limit.reached-100',
      '3 limit.exceeded',
    ],
  ],
  ['unfunded, once', [used(0), used(0, short), used(0, short)], ['2 sub-account.unfunded']],
  ['partly funded is not unfunded', [used(0, { ...short, remaining: '1' })], []],
  [
    'unfunded again once it was funded',
    [used(0, short), used(0), used(0, short)],
    ['1 sub-account.unfunded', '3 sub-account.unfunded'],
  ],
  [
    'not again after a part of it',
    [
      used(0, short),
      event('message.credited', { ...short, remaining: '10', shortfall: '90' }),
      used(0, short),
    ],
    ['1 sub-account.unfunded'],
  ],
  [
    'unfunded in each month',
    [used(0, short), rolled(short)],
    ['1 sub-account.unfunded', '2 sub-account.unfunded'],
  ],
  [
    'deactivated',
    [
      used(0),
      event('sub-account.deactivated', { lifecycle: 'inactive' }),
      used(3, { lifecycle: 'inactive' }),
    ],
    ['2 sub-account.deactivated'],
  ],
  [
    'deactivated without being known',
    [event('sub-account.deactivated', { lifecycle: 'inactive' })],
    ['1 sub-account.deactivated'],
  ],
  [
    'deleted while active',
    [used(0), event('sub-account.deleted', { lifecycle: 'deleted' })],
    ['2 sub-account.deactivated'],
  ],
  [
    'deleted while inactive',
    [used(0, { lifecycle: 'inactive' }), event('sub-account.deleted', { lifecycle: 'deleted' })],
    [],
  ],
];

describe('the webhook events of a story', () => {
  test.each(TABLE)('%s', (_name, story, expected) => {
    expect(told(story)).toEqual(expected);
  });

  test('a state from before the webhook existed causes no event', () => {
    const before = findWebhookEvents([usedEvent(85, { sequence: 1 })], EMPTY).previous;
    const subs = new Map([...before.subs].map(([key, sub]) => [key, { ...sub, marks: new Set<Mark>() }]));
    const after = findWebhookEvents([used(90)({ sequence: 2 }), used(100)({ sequence: 3 })], {
      ...before,
      subs,
    });
    expect(after.webhookEvents.map(({ type }) => type)).toEqual(['limit.reached-100']);
  });

  test('a month start', () => {
    const figures = { from: '2026-11', to: '2026-12', returned: '10', granted: '20', funded: 1, unfunded: 2 };
    const { webhookEvents } = findWebhookEvents([ledgerEvent('period.rolled', figures)], EMPTY);
    expect(webhookEvents).toEqual([
      {
        mainAccountId: MAIN,
        type: 'period.rolled',
        at: '2026-11-23T09:00:00.000Z',
        dedupeKey: '0.1.period.rolled',
        data: { mainAccountId: MAIN, ...figures, balance: '900', available: '900' },
      },
    ]);
  });

  test('each event has exactly the fields of the contract', () => {
    const story = [
      usedEvent(10, { sequence: 1 }),
      exceeded(130)({ sequence: 2 }),
      used(130, { lifecycle: 'inactive' })({ sequence: 3 }),
      rolled(short)({ sequence: 4 }),
      ledgerEvent('period.rolled', {
        sequence: 5,
        from: '2026-11',
        to: '2026-12',
        returned: '0',
        granted: '0',
        funded: 0,
        unfunded: 1,
      }),
      ledgerEvent('main-account.sending-stopped', { sequence: 6, reason: 'low-balance' }),
      ledgerEvent('main-account.sending-resumed', { sequence: 7, reason: 'low-balance' }),
    ];
    const { webhookEvents } = findWebhookEvents(story, EMPTY);
    const types = webhookEvents.map(({ type }) => type);
    expect(new Set(types).size).toBe(Object.keys(WEBHOOK_EVENT_DATA).length - 2);
    for (const one of webhookEvents) {
      const schema = webhookBody(one.type);
      const sent = JSON.parse(bodyOf(one));
      expect(schema.strict().parse(sent)).toEqual(sent);
      expect(Object.keys(sent.data).sort()).toEqual(Object.keys(WEBHOOK_EVENT_DATA[one.type].shape).sort());
    }
  });
});

describe('events that come again', () => {
  const step = fc.record({
    main: fc.constantFrom('ma_1', 'ma_2'),
    sub: fc.constantFrom('sa_1', 'sa_2'),
    name: fc.constantFrom(
      'message.charged',
      'limit.exceeded',
      'limit.changed',
      'sub-account.funded',
    ) as fc.Arbitrary<Parameters<typeof ledgerEvent>[0]>,
    used: fc.integer({ min: 0, max: 130 }),
    limit: fc.constantFrom('0', '50', '100', '150'),
    shortfall: fc.constantFrom('0', '10'),
    lifecycle: fc.constantFrom('active', 'active', 'active', 'inactive') as fc.Arbitrary<
      'active' | 'inactive'
    >,
    period: fc.constantFrom('2026-11', '2026-11', '2026-12') as fc.Arbitrary<'2026-11' | '2026-12'>,
  });
  /** The log of a topic: numbered per main account, and months do not go back. */
  const log = fc.array(step, { maxLength: 40 }).map((steps) => {
    const at = new Map<string, number>();
    const month = new Map<string, string>();
    return steps.map(({ main, sub, name, period, used: points, ...state }) => {
      const sequence = (at.get(main) ?? 0) + 1;
      at.set(main, sequence);
      const now = [month.get(main) ?? period, period].sort()[1] as string;
      month.set(main, now);
      const figures = { ...afterUse(points), ...state, subAccountId: sub, period: now };
      return ledgerEvent(name, { main, sequence, sub: figures, messageId: 'm', points: '1', overage: '1' });
    });
  });
  /** Batches as a consumer may get them: any cuts, and after each one it may be set back to before it. */
  const cuts = fc.array(
    fc.record({ size: fc.integer({ min: 1, max: 9 }), back: fc.integer({ min: 0, max: 9 }) }),
    {
      minLength: 1,
      maxLength: 60,
    },
  );

  test('any split and repetition gives the same events', () => {
    fc.assert(
      fc.property(log, cuts, (events, batches) => {
        const whole = findWebhookEvents(events, EMPTY).webhookEvents;
        const parts: unknown[] = [];
        let previous = EMPTY;
        const take = (batch: readonly LedgerEvent[]) => {
          const found = findWebhookEvents(batch, previous);
          parts.push(...found.webhookEvents);
          previous = found.previous;
        };
        let from = 0;
        for (const { size, back } of batches) {
          take(events.slice(from, from + size));
          from = Math.max(0, Math.min(events.length, from + size) - back);
        }
        take(events.slice(from));
        expect(parts).toEqual(whole);
      }),
    );
  });

  test('a threshold causes one event per month while the limit stays', () => {
    const messages = fc.array(fc.integer({ min: 0, max: 130 }), { maxLength: 30 });
    fc.assert(
      fc.property(messages, (levels) => {
        const events = levels.map((level, index) => usedEvent(level, { sequence: index + 1 }));
        const types = findWebhookEvents(events, EMPTY).webhookEvents.map(({ type }) => type);
        const highest = Math.max(0, ...levels);
        expect(types.filter((type) => type === 'limit.reached-80')).toHaveLength(highest >= 80 ? 1 : 0);
        expect(types.filter((type) => type === 'limit.reached-100')).toHaveLength(highest >= 100 ? 1 : 0);
      }),
    );
  });
});
