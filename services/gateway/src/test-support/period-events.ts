import {
  type EventName,
  eventType,
  type MainAccountState,
  makeCloudEvent,
  type PeriodClosing,
  type SubAccountState,
} from '@subledger/contracts';

/** The main account of these events, and the restart of its ledger. */
export interface EventsOf {
  readonly mainAccountId: string;
  readonly generation?: number;
}

/** A main account of these suites, in December. */
export const decembersMain: MainAccountState = {
  plan: 'prepay',
  timeZone: 'Asia/Tokyo',
  creditLimit: '0',
  fundingPolicy: 'full',
  feature: 'active',
  suspended: false,
  period: '2026-12',
  nextMonthStart: '2026-12-31T15:00:00.000Z',
  balance: '700',
  available: '700',
  allocated: '100',
  held: '0',
  purchased: '1000',
  used: '200',
  activeSubAccounts: 1,
};

export const decembersSub = (subAccountId: string): SubAccountState => ({
  subAccountId,
  lifecycle: 'active',
  paused: false,
  status: 'active',
  period: '2026-12',
  limit: '100',
  nextLimit: null,
  boost: '0',
  granted: '100',
  used: '0',
  overage: '0',
  held: '0',
  remaining: '100',
  shortfall: '0',
  priority: 100,
  ordinal: 0,
  opening: '100',
});

export const novembersClosing: PeriodClosing = {
  period: '2026-11',
  opening: '100',
  limit: '100',
  boost: '20',
  granted: '120',
  used: '90.5',
  overage: '0',
  held: '4',
  returned: '25.5',
};

/** An event of a sub-account (or without one, of the main account) as JSON, caused by the clock. */
export function periodEvent(
  name: EventName,
  { mainAccountId, generation = 0 }: EventsOf,
  sequence: number,
  data: Record<string, unknown>,
): string {
  return JSON.stringify(
    makeCloudEvent(eventType(name), {
      id: `${mainAccountId}.${generation}.${sequence}`,
      source: '/subledger/ledger',
      time: '2026-11-30T15:00:00.000Z',
      data: {
        mainAccountId,
        generation,
        sequence,
        at: '2026-11-30T15:00:00.000Z',
        cause: { kind: 'clock', id: `roll:${mainAccountId}:2026-12`, type: 'subledger.period.roll.v1' },
        transfers: [],
        mainAccount: decembersMain,
        ...data,
      },
    }),
  );
}
