import { TOPICS, type TopicName } from '../topics.js';

/** What readers and writers of a topic must know to treat its records correctly. */
export interface ChannelDoc {
  /** Name of the channel in the document. */
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly writtenBy: string;
  readonly readBy: string;
  readonly key: string;
  readonly order: string;
  readonly duplicates: string;
  readonly units: string;
}

const POINTS = 'Points are decimal strings with at most 3 decimals (`"1.2"`), never JSON numbers.';
const INSTANTS =
  'Instants are ISO 8601 with `Z` or an offset; a period is `YYYY-MM` in the main account’s time zone.';
const MAIN_KEY =
  'The main account id, which must equal `data.mainAccountId`. Partition by murmur2 of the key: the default of Java’s client and of kafkajs; librdkafka needs `partitioner=murmur2_random`. A record on another partition is forwarded by the ledger, later than its neighbours.';

export const CHANNEL_DOCS: { readonly [Name in TopicName]: ChannelDoc } = {
  [TOPICS.commands]: {
    id: 'commands',
    title: 'Commands to the ledger',
    summary: 'What the ledger is asked to do. The CloudEvents id is the command id.',
    writtenBy: 'gateway, scheduler (`period.roll`), upstream (`hold.place`, `hold.release`)',
    readBy: 'ledger',
    key: MAIN_KEY,
    order:
      'Decided one after the other per main account, in the order of the partition; every command has one outcome, an event on `points.events.v1` whose `cause.id` is the command id.',
    duplicates:
      'Harmless: the same id with the same content gets the first outcome again, with other content `idempotency-conflict`. Ids are kept 60 days at least.',
    units: `${POINTS} ${INSTANTS}`,
  },
  [TOPICS.events]: {
    id: 'events',
    title: 'Events of the ledger',
    summary: 'Everything that happened in the books, refusals too, each with the state that resulted.',
    writtenBy: 'ledger',
    readBy: 'gateway, scheduler, upstream (outcomes of holds), anyone',
    key: 'The main account id.',
    order:
      'Per main account by (`generation`, `sequence`); `sequence` runs 1, 2, 3 … without a gap. A refusal without books has `sequence` 0.',
    duplicates:
      'Published at least once: drop what is not above the last (`generation`, `sequence`) of its main account. Ignore types that you do not know.',
    units: `${POINTS} ${INSTANTS} \`at\` is the broker’s time of the cause.`,
  },
  [TOPICS.limits]: {
    id: 'limits',
    title: 'What each sub-account may still send',
    summary: 'The last record of each sub-account is its whole truth; read it from the beginning.',
    writtenBy: 'ledger',
    readBy: 'upstream',
    key: 'The sub-account id.',
    order:
      'Per sub-account by (`generation`, `sequence`). `position` is the last message offset of its main account’s partition that the figures contain.',
    duplicates: 'May repeat: drop what is not above the last (`generation`, `sequence`) of its sub-account.',
    units: POINTS,
  },
  [TOPICS.profiles]: {
    id: 'profiles',
    title: 'Names and sender numbers',
    summary: 'Name and allowed sender numbers of each sub-account; read it from the beginning.',
    writtenBy: 'gateway',
    readBy: 'upstream',
    key: 'The sub-account id.',
    order: 'Per sub-account by `version`.',
    duplicates: 'May repeat: drop what is not above the last `version` of its sub-account.',
    units: 'Numbers are E.164 (`+815012345678`).',
  },
  [TOPICS.messages]: {
    id: 'messages',
    title: 'Messages of the SMS service',
    summary: 'Facts about messages that were sent. They are booked, never refused.',
    writtenBy: 'upstream',
    readBy: 'ledger (sent, refunded), gateway (message log)',
    key: MAIN_KEY,
    order:
      'Booked in the order of the partition, by the broker’s time (`LogAppendTime`). Statuses may come in any order; a refund must come after its message.',
    duplicates:
      'Harmless: a message is charged once per message id, a refund booked once per refund id. A known id with other points or another sub-account is dead-lettered as `conflicting-duplicate`.',
    units: `${POINTS} ${INSTANTS}`,
  },
  [TOPICS.deadLetters]: {
    id: 'deadLetters',
    title: 'Records that could not be processed',
    summary:
      'Each with its source and its reason in clear; what the record said is sealed. Operators open and replay them.',
    writtenBy: 'any consumer',
    readBy: 'operators',
    key: 'The key of the source record, if it is the id of an account.',
    order: 'None across sources.',
    duplicates: 'Possible: `source` (topic, partition, offset) tells them apart.',
    units: '`timestampMs` is the broker’s time of the source record in milliseconds since 1970.',
  },
};

/** The lines that every message of a channel repeats, so that each message can be read alone. */
export const docLines = (doc: ChannelDoc): string =>
  [
    `- **Written by** ${doc.writtenBy}`,
    `- **Read by** ${doc.readBy}`,
    `- **Key** ${doc.key}`,
    `- **Order** ${doc.order}`,
    `- **Duplicates** ${doc.duplicates}`,
    `- **Units** ${doc.units}`,
  ].join('\n');
