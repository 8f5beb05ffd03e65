import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { makeCloudEvent } from './envelope.js';
import {
  ALL_EVENT_DATA,
  EVENT_NAMES,
  EVENTS,
  type EventName,
  eventType,
  type MainAccountState,
  type PeriodClosing,
  type SubAccountState,
  type TransferView,
} from './events.js';

type EventInput<Name extends EventName> = z.input<(typeof ALL_EVENT_DATA)[Name]>;

const transfer: TransferView = {
  sequence: 1,
  kind: 'purchase',
  from: 'purchased',
  to: 'main',
  points: '100',
  fromBalance: '-100',
  toBalance: '100',
  subAccountId: null,
  messageId: null,
  period: '2026-11',
  reference: '',
};
const mainAccount: MainAccountState = {
  plan: 'postpay',
  timeZone: 'Asia/Tokyo',
  creditLimit: null,
  fundingPolicy: 'full',
  feature: 'active',
  suspended: false,
  period: '2026-11',
  nextMonthStart: '2026-11-30T15:00:00Z',
  balance: '-30',
  available: null,
  allocated: '0',
  held: '0',
  purchased: '100',
  used: '130',
  activeSubAccounts: 1,
};
const subAccount: SubAccountState = {
  subAccountId: 'sa_1',
  lifecycle: 'active',
  paused: false,
  status: 'unfunded',
  period: '2026-11',
  limit: '100',
  nextLimit: null,
  boost: '0',
  granted: '0',
  used: '30',
  overage: '30',
  held: '0',
  remaining: '0',
  shortfall: '70',
  priority: 100,
};
const closed: PeriodClosing = {
  period: '2026-11',
  opening: '100',
  limit: '100',
  boost: '0',
  granted: '100',
  used: '20',
  overage: '0',
  held: '0',
  returned: '80',
};
const common = {
  mainAccountId: 'ma_1',
  generation: 1,
  sequence: 7,
  at: '2026-11-23T09:00:00.123Z',
  cause: { kind: 'command' as const, id: 'c1', type: 'subledger.points.purchase.v1' },
  transfers: [],
  mainAccount,
};
const withSub = { ...common, subAccount };
const message = { messageId: 'm1', period: '2026-11', points: '30' };

/** The least that each event says. */
const MINIMAL: { [Name in EventName]: EventInput<Name> } = {
  'main-account.opened': common,
  'main-account.configured': common,
  'main-account.suspended': common,
  'main-account.resumed': common,
  'main-account.sending-stopped': { ...common, reason: 'month-start-failed' },
  'main-account.sending-resumed': { ...common, reason: 'low-balance' },
  'feature.activated': common,
  'feature.deactivated': common,
  'points.purchased': { ...common, transfers: [transfer], points: '100', reference: '' },
  'points.adjusted': { ...common, points: '-0.5', reason: 'ticket 118' },
  'plan.switched': { ...common, plan: 'postpay' },
  'sub-account.opened': withSub,
  'sub-account.configured': withSub,
  'limit.changed': { ...withSub, effective: 'immediately' },
  'limit.boosted': { ...withSub, points: '10' },
  'sub-account.paused': withSub,
  'sub-account.resumed': withSub,
  'sub-account.deactivated': { ...withSub, returned: '80' },
  'sub-account.reactivated': withSub,
  'sub-account.deleted': { ...withSub, returned: '0', closed },
  'sub-account.funded': { ...withSub, points: '70' },
  'sub-account.rolled': { ...withSub, closed },
  'hold.placed': { ...withSub, messageId: 'm1', points: '3', expiresAt: '2026-11-23T09:15:00Z' },
  'hold.released': {
    ...common,
    messageId: 'm1',
    points: '0',
    reason: 'expired',
    period: null,
    late: false,
  },
  'message.charged': { ...withSub, ...message, fromHold: '0', fromSub: '0', fromMain: '30', late: false },
  'limit.exceeded': { ...withSub, ...message, overage: '30' },
  'message.credited': { ...withSub, ...message, refundId: 'r1', requested: '30', late: false },
  'period.rolled': {
    ...common,
    from: '2026-11',
    to: '2026-12',
    returned: '80',
    granted: '100',
    funded: 1,
    unfunded: 0,
  },
  'period.already-rolled': { ...common, period: '2026-12' },
  'snapshot.requested': { ...common, history: true },
  'snapshot.published': {
    ...common,
    transfers: [],
    part: 1,
    isLast: true,
    transferCount: 1,
    subAccounts: [subAccount],
    lines: [{ ...transfer, at: common.at }],
    statements: [],
  },
  // Without books there is neither a state nor a sequence.
  'command.rejected': {
    mainAccountId: 'ma_1',
    generation: 1,
    sequence: 0,
    at: common.at,
    cause: common.cause,
    transfers: [],
    code: 'main-account-not-found',
  },
};

const record = (name: EventName, data: object) =>
  makeCloudEvent(eventType(name), { id: 'e1', source: 'ledger', time: '2026-11-23T09:00:00Z', data });
const schemaOf = (name: EventName) => {
  const found = EVENTS.get(eventType(name));
  if (!found) throw new Error(`no schema for ${name}`);
  return found.schema;
};

describe.each(EVENT_NAMES)('event %s', (name) => {
  it('takes its minimal example as it is', () => {
    expect(schemaOf(name).parse(record(name, MINIMAL[name])).data).toEqual(MINIMAL[name]);
  });

  it('keeps fields that it does not know, in the states too', () => {
    const later = { later: true };
    const data = { ...MINIMAL[name], ...later, mainAccount: { ...mainAccount, ...later } };
    expect(schemaOf(name).parse(record(name, data)).data).toMatchObject({ later: true, mainAccount: later });
  });

  it.each(Object.keys(MINIMAL[name]))('needs %s', (field) => {
    const { [field]: _, ...rest } = MINIMAL[name] as Record<string, unknown>;
    const optional = name === 'command.rejected' && field === 'mainAccount';
    expect(schemaOf(name).safeParse(record(name, rest)).success).toBe(optional);
  });
});

describe('fields of events', () => {
  it.each<[EventName, object]>([
    ['points.purchased', { sequence: 0 }],
    ['points.purchased', { points: 100 }],
    ['points.purchased', { transfers: [{ ...transfer, kind: 'gift' }] }],
    ['points.purchased', { transfers: [{ ...transfer, from: 'elsewhere' }] }],
    ['points.purchased', { transfers: [{ ...transfer, sequence: 0 }] }],
    ['points.purchased', { mainAccount: { ...mainAccount, balance: 1 } }],
    ['sub-account.opened', { subAccount: { ...subAccount, status: 'requested' } }],
    ['hold.released', { reason: 'because' }],
    ['snapshot.published', { transfers: [transfer] }],
    ['snapshot.published', { part: 0 }],
    ['snapshot.published', { subAccounts: Array(101).fill(subAccount) }],
    ['snapshot.published', { lines: [transfer] }],
    ['snapshot.published', { transferCount: -1 }],
    ['command.rejected', { code: 'not-found' }],
    ['command.rejected', { transfers: [transfer] }],
  ])('%s refuses %j', (name, wrong) => {
    expect(ALL_EVENT_DATA[name].safeParse({ ...MINIMAL[name], ...wrong }).success).toBe(false);
  });

  it('name what is refused: a rejection carries what would have been enough', () => {
    const figures = { needed: '1000', available: '300', remaining: '0', blockers: ['sa_1'], blockerCount: 1 };
    const data = { ...MINIMAL['command.rejected'], mainAccount, subAccount, ...figures };
    expect(ALL_EVENT_DATA['command.rejected'].parse(data)).toMatchObject(figures);
  });
});
