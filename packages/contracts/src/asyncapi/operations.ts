import { COMMAND_NAMES, type CommandName, commandType } from '../commands.js';
import { eventType } from '../events.js';
import { messageType } from '../messages.js';
import { TOPICS, type TopicName } from '../topics.js';

/** What one part of the system does on one topic. */
export interface OperationDoc {
  readonly id: string;
  readonly role: 'gateway' | 'ledger' | 'scheduler' | 'upstream' | 'anyone';
  readonly action: 'send' | 'receive';
  readonly topic: TopicName;
  readonly summary: string;
  /** CloudEvents types or names of messages of the topic. */
  readonly types: 'all' | readonly string[];
}

const commandsBut = (...names: CommandName[]) =>
  COMMAND_NAMES.filter((name) => !names.includes(name)).map(commandType);

export const OPERATIONS: readonly OperationDoc[] = [
  {
    id: 'gatewaySendsCommands',
    role: 'gateway',
    action: 'send',
    topic: TOPICS.commands,
    summary: 'Every write of the REST API, sent again until its outcome is there.',
    types: commandsBut('period.roll'),
  },
  {
    id: 'gatewayReceivesEvents',
    role: 'gateway',
    action: 'receive',
    topic: TOPICS.events,
    summary: 'Read model, outcomes of writes.',
    types: 'all',
  },
  {
    id: 'gatewayReceivesMessages',
    role: 'gateway',
    action: 'receive',
    topic: TOPICS.messages,
    summary: 'Message log.',
    types: 'all',
  },
  {
    id: 'gatewaySendsProfiles',
    role: 'gateway',
    action: 'send',
    topic: TOPICS.profiles,
    summary: 'A sub-account’s name and sender numbers, whenever they change.',
    types: 'all',
  },
  {
    id: 'ledgerReceivesCommands',
    role: 'ledger',
    action: 'receive',
    topic: TOPICS.commands,
    summary: 'Decides them, one after the other per main account.',
    types: 'all',
  },
  {
    id: 'ledgerReceivesMessages',
    role: 'ledger',
    action: 'receive',
    topic: TOPICS.messages,
    summary: 'Charges and refunds; statuses are passed over.',
    types: [messageType('message.sent'), messageType('message.refunded')],
  },
  {
    id: 'ledgerSendsEvents',
    role: 'ledger',
    action: 'send',
    topic: TOPICS.events,
    summary: 'Everything that happened, after it is committed.',
    types: 'all',
  },
  {
    id: 'ledgerSendsLimits',
    role: 'ledger',
    action: 'send',
    topic: TOPICS.limits,
    summary: 'The last figures of every sub-account that a batch changed.',
    types: 'all',
  },
  {
    id: 'ledgerSendsDeadLetters',
    role: 'ledger',
    action: 'send',
    topic: TOPICS.deadLetters,
    summary: 'What it could not process.',
    types: 'all',
  },
  {
    id: 'schedulerSendsCommands',
    role: 'scheduler',
    action: 'send',
    topic: TOPICS.commands,
    summary: 'Month starts that are due.',
    types: [commandType('period.roll')],
  },
  {
    id: 'schedulerReceivesEvents',
    role: 'scheduler',
    action: 'receive',
    topic: TOPICS.events,
    summary: 'Which main accounts there are, when their month starts, how far a run is.',
    types: 'all',
  },
  {
    id: 'upstreamSendsMessages',
    role: 'upstream',
    action: 'send',
    topic: TOPICS.messages,
    summary: 'Reports every message that was sent, its delivery, its refund.',
    types: 'all',
  },
  {
    id: 'upstreamSendsHolds',
    role: 'upstream',
    action: 'send',
    topic: TOPICS.commands,
    summary: 'The strict check before sending.',
    types: [commandType('hold.place'), commandType('hold.release')],
  },
  {
    id: 'upstreamReceivesHoldOutcomes',
    role: 'upstream',
    action: 'receive',
    topic: TOPICS.events,
    summary: 'Outcomes of its holds, by `cause.id`; other types are passed over.',
    types: [eventType('hold.placed'), eventType('hold.released'), eventType('command.rejected')],
  },
  {
    id: 'upstreamReceivesLimits',
    role: 'upstream',
    action: 'receive',
    topic: TOPICS.limits,
    summary: 'What each sub-account may still send.',
    types: 'all',
  },
  {
    id: 'upstreamReceivesProfiles',
    role: 'upstream',
    action: 'receive',
    topic: TOPICS.profiles,
    summary: 'Names and sender numbers.',
    types: 'all',
  },
  {
    id: 'anyoneReceivesEvents',
    role: 'anyone',
    action: 'receive',
    topic: TOPICS.events,
    summary: 'A reader of your own: events carry the resulting state and need no history.',
    types: 'all',
  },
  {
    id: 'operatorsReceiveDeadLetters',
    role: 'anyone',
    action: 'receive',
    topic: TOPICS.deadLetters,
    summary: 'Operators look at them and replay them (`npm run ledger -- dead-letters`).',
    types: 'all',
  },
];
