import {
  COMMAND_NAMES,
  type CommandInput,
  type CommandName,
  commandType,
  rollCommandId,
} from '../commands.js';
import type { DeadLetterDocument } from '../dead-letters.js';
import { makeCloudEvent } from '../envelope.js';
import type { LimitRecord } from '../limits.js';
import { MESSAGE_NAMES, type MessageData, type MessageName, messageType } from '../messages.js';
import type { ProfileRecord } from '../profiles.js';
import { TOPICS } from '../topics.js';

/** One customer in all examples; those of the events are recorded from the ledger (`examples/`). */
export const EXAMPLE_IDS = {
  mainAccountId: 'ma_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f11',
  subAccountId: 'sa_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f22',
  messageId: 'sms-20261123-000042',
} as const;
const { mainAccountId, subAccountId, messageId } = EXAMPLE_IDS;
const main = { mainAccountId };
const sub = { mainAccountId, subAccountId };
const ids = { messageId, mainAccountId, subAccountId };
const TIME = '2026-11-23T09:00:00Z';

const COMMAND_EXAMPLES: { readonly [Name in CommandName]: CommandInput<Name> } = {
  'main-account.open': {
    ...main,
    plan: 'prepay',
    timeZone: 'Asia/Tokyo',
    creditLimit: '0',
    fundingPolicy: 'full',
  },
  'main-account.configure': { ...main, creditLimit: '5000', fundingPolicy: 'partial' },
  'main-account.suspend': main,
  'main-account.resume': main,
  'feature.activate': main,
  'feature.deactivate': main,
  'points.purchase': {
    ...main,
    points: '10000',
    reference: 'INV-2026-118',
    allowDuplicateReference: false,
  },
  'points.adjust': {
    ...main,
    points: '-12.5',
    reason: 'Ticket 4711: charged twice by the carrier',
    allowDuplicateReference: false,
  },
  'plan.switch': { ...main, plan: 'postpay' },
  'sub-account.open': { ...sub, limit: '1000', priority: 100 },
  'sub-account.configure': { ...sub, priority: 10 },
  'limit.change': { ...sub, limit: '1500', effective: 'immediately' },
  'limit.boost': { ...sub, points: '200' },
  'sub-account.pause': sub,
  'sub-account.resume': sub,
  'sub-account.deactivate': sub,
  'sub-account.reactivate': sub,
  'sub-account.delete': sub,
  'hold.place': { ...ids, points: '1.2', expiresInSeconds: 900 },
  'hold.release': { ...ids, reason: 'released' },
  'period.roll': { ...main, period: '2026-12', dueAt: '2026-11-30T15:00:00.000Z' },
  'snapshot.request': { ...main, history: true },
};

const MESSAGE_EXAMPLES: { readonly [Name in MessageName]: MessageData<Name> } = {
  'message.sent': {
    ...ids,
    sentAt: '2026-11-23T18:00:00+09:00',
    sender: '+815012345678',
    recipient: '+819000000001',
    content: 'ご予約の確認です。明日10時にお待ちしております。',
    segments: 1,
    points: '1.2',
  },
  'message.status': {
    ...ids,
    status: 'MESSAGE_DELIVERY_COMPLETE',
    at: '2026-11-23T09:00:04Z',
    shortlinkStatus: 'CLICKED',
    shortlinkUrl: 'https://s.example/a1',
  },
  'message.refunded': { ...ids, points: '1.2', reason: 'carrier refused' },
};

/** The command id of an example: for a roll it follows from the month, otherwise the sender chooses it. */
const commandId = (name: CommandName): string =>
  name === 'period.roll' ? rollCommandId(mainAccountId, '2026-12') : `cmd-${name}-1`;
const MESSAGE_EVENT_IDS: { readonly [Name in MessageName]: string } = {
  'message.sent': messageId,
  'message.status': `${messageId}-complete`,
  'message.refunded': `refund-${messageId}`,
};
const sourceOf = (name: CommandName): string => {
  if (name === 'period.roll') return '/subledger/scheduler';
  return name.startsWith('hold.') ? '/sms-service' : '/subledger/gateway';
};

/** A complete example record by CloudEvents type, for every command and every fact. */
export function sentExamples(): Map<string, object> {
  const examples = new Map<string, object>();
  for (const name of COMMAND_NAMES) {
    const type = commandType(name);
    const fields = { id: commandId(name), source: sourceOf(name), subject: mainAccountId, time: TIME };
    examples.set(type, makeCloudEvent(type, { ...fields, data: COMMAND_EXAMPLES[name] }));
  }
  for (const name of MESSAGE_NAMES) {
    const type = messageType(name);
    const fields = { id: MESSAGE_EVENT_IDS[name], source: '/sms-service', time: TIME };
    examples.set(type, makeCloudEvent(type, { ...fields, data: MESSAGE_EXAMPLES[name] }));
  }
  return examples;
}

export const LIMIT_EXAMPLE: LimitRecord = {
  subAccountId,
  mainAccountId,
  status: 'active',
  period: '2026-11',
  limit: '1000',
  boost: '200',
  granted: '1200',
  used: '151.2',
  held: '1.2',
  remaining: '1047.6',
  generation: 1,
  sequence: 42,
  position: { topic: TOPICS.messages, partition: 7, offset: '1841' },
};

export const PROFILE_EXAMPLE: ProfileRecord = {
  subAccountId,
  mainAccountId,
  name: 'Reception',
  senderNumbers: ['+815012345678'],
  country: 'JP',
  version: 3,
  updatedAt: TIME,
};

/** A refund whose points are a JSON number. Readers refuse it, and the dead letter keeps the original text. */
const unreadable = JSON.stringify({
  specversion: '1.0',
  id: MESSAGE_EVENT_IDS['message.refunded'],
  source: '/sms-service',
  type: messageType('message.refunded'),
  time: TIME,
  data: { ...MESSAGE_EXAMPLES['message.refunded'], points: 1.2 },
});

export const DEAD_LETTER_EXAMPLE: DeadLetterDocument = {
  source: { topic: TOPICS.messages, partition: 7, offset: '1842' },
  reason: 'invalid-data',
  detail: 'data.points Invalid input: expected string, received number',
  type: messageType('message.refunded'),
  id: MESSAGE_EVENT_IDS['message.refunded'],
  key: mainAccountId,
  headers: {},
  timestampMs: Date.parse(TIME),
  valueBytes: new TextEncoder().encode(unreadable).length,
  encoding: 'sealed',
  truncated: false,
  value:
    'bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB1L9RIvNEVUxTveLruM0rfj0WAK1jHDhaXXzOI8d4VFmtvBtMkA/+SNV1tdpcY4BAEl9l2w/j4kSUt26phkV9mGCE/tCLl4r019GWp0RqhrWACeY2thHbFiEbZamq3/KcU=',
};
