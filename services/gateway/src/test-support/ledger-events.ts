import {
  type EventName,
  eventType,
  type MainAccountState,
  makeCloudEvent,
  type SubAccountState,
} from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import type { LedgerEvent } from '../events/parse-events.js';

export const MAIN = 'ma_1';
export const SUB = 'sa_1';

/** The fields of an event that a table's row sets. The others are the same for all. */
export interface Given {
  readonly main?: string;
  readonly sequence?: number;
  readonly generation?: number;
  readonly sub?: Partial<SubAccountState>;
  readonly [field: string]: unknown;
}

const subState = (given: Partial<SubAccountState> = {}): SubAccountState => ({
  subAccountId: SUB,
  lifecycle: 'active',
  paused: false,
  status: 'active',
  period: '2026-11',
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
  ...given,
});

const mainState: MainAccountState = {
  plan: 'prepay',
  timeZone: 'Asia/Tokyo',
  creditLimit: null,
  fundingPolicy: 'full',
  feature: 'active',
  suspended: false,
  period: '2026-11',
  nextMonthStart: '2026-11-30T15:00:00.000Z',
  balance: '900',
  available: '900',
  allocated: '100',
  held: '0',
  purchased: '1000',
  used: '0',
  activeSubAccounts: 1,
};

/** Data of an event of the ledger. With `sub` it has a sub-account. */
function eventData(_name: EventName, { main = MAIN, sequence = 1, generation = 0, sub, ...more }: Given) {
  return {
    mainAccountId: main,
    generation,
    sequence,
    at: '2026-11-23T09:00:00.000Z',
    cause: { kind: 'message' as const, id: `msg-${sequence}`, type: 'subledger.message.sent.v1' },
    transfers: [],
    mainAccount: mainState,
    ...(sub ? { subAccount: subState(sub) } : {}),
    ...more,
  };
}

/** The event in the read model's form. */
export const ledgerEvent = (name: EventName, given: Given = {}): LedgerEvent => ({
  name,
  data: eventData(name, given) as unknown as LedgerEvent['data'],
  record: {} as KafkaRecord,
});

const charge = {
  messageId: 'msg-0001',
  period: '2026-11',
  points: '1',
  fromHold: '0',
  fromSub: '1',
  fromMain: '0',
  late: false,
};

/** A message was charged, after which the sub-account has used this many of its 100 points. */
export const usedEvent = (used: number, given: Given = {}): LedgerEvent =>
  ledgerEvent('message.charged', { ...charge, ...given, sub: afterUse(used, given.sub) });

/** A figure to the millipoint: the difference of two has more digits. */
const inPoints = (points: number): string => String(Number(points.toFixed(3)));

export const afterUse = (used: number, sub: Partial<SubAccountState> = {}): Partial<SubAccountState> => ({
  used: String(used),
  remaining: inPoints(Math.max(0, 100 - used)),
  overage: inPoints(Math.max(0, used - 100)),
  ...sub,
});

/** The same as a record of the events topic. */
export const eventText = ({ name, data }: LedgerEvent): string =>
  JSON.stringify(
    makeCloudEvent(eventType(name), {
      id: `ev-${data.mainAccountId}-${data.generation}-${data.sequence}`,
      source: '/subledger/ledger',
      time: data.at,
      data,
    }),
  );
