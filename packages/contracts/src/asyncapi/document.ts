import { COMMANDS } from '../commands.js';
import { deadLetterDocument } from '../dead-letters.js';
import { EVENTS } from '../events.js';
import { limitRecord } from '../limits.js';
import { MESSAGES } from '../messages.js';
import { profileRecord } from '../profiles.js';
import { mainAccountId, subAccountId } from '../scalars.js';
import { TOPICS, type TopicName, type TopicSettings, topicSettings } from '../topics.js';
import { CHANNEL_DOCS, docLines } from './channels.js';
import { DEAD_LETTER_EXAMPLE, LIMIT_EXAMPLE, PROFILE_EXAMPLE, sentExamples } from './examples.js';
import { DEAD_LETTER_HEADERS_SCHEMA, RECORD_HEADERS_SCHEMA, TRACE_EXAMPLE } from './headers.js';
import { COMMAND_DOCS, EVENT_DOCS, MESSAGE_DOCS } from './message-docs.js';
import { OPERATIONS, type OperationDoc } from './operations.js';
import { type Ref, SchemaPool } from './schema-pool.js';
import { SECURITY_SCHEMES, SERVERS } from './servers.js';

const CLOUD_EVENT = 'application/cloudevents+json';
const KAFKA_BINDING = '0.5.0';

/** A message of the document, before it is written. */
interface MessageSource {
  readonly topic: TopicName;
  /** CloudEvents type, or a name where the record is no CloudEvent. */
  readonly name: string;
  readonly about: string;
  readonly contentType: string;
  readonly payload: Ref | object;
  /** Value of a record; null is a record without a value. */
  readonly example: unknown;
}

/**
 * The AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0) of all Kafka topics.
 * @param eventExamples a complete event by CloudEvents type, as the ledger writes it
 *   (`examples/points.events.v1.json`)
 * @throws Error if a message has no example
 */
export function asyncApiDocument(eventExamples: Readonly<Record<string, object>>): object {
  const pool = new SchemaPool();
  // Written out because the AsyncAPI schema is ambiguous here: it accepts a reference both as a reference and as a
  // schema, and so refuses it.
  const keys = {
    'main account': pool.get(pool.add('MainAccountId', mainAccountId)),
    'sub-account': pool.get(pool.add('SubAccountId', subAccountId)),
    'source key': { type: ['string', 'null'] },
  };
  const sources = messageSources(pool, eventExamples);
  const settings = topicSettings();
  const channelOf = (topic: TopicName) => settings.find(({ name }) => name === topic) as TopicSettings;
  return {
    asyncapi: '3.0.0',
    id: 'urn:subledger:kafka',
    info: INFO,
    defaultContentType: CLOUD_EVENT,
    servers: SERVERS,
    channels: Object.fromEntries(
      settings.map((topic) => [CHANNEL_DOCS[topic.name].id, channel(topic, sources)]),
    ),
    operations: Object.fromEntries(OPERATIONS.map((doc) => [doc.id, operation(doc, sources)])),
    components: {
      messages: Object.fromEntries(
        sources.map((source) => [source.name, message(source, keys[channelOf(source.topic).key])]),
      ),
      schemas: {
        RecordHeaders: RECORD_HEADERS_SCHEMA,
        DeadLetterHeaders: DEAD_LETTER_HEADERS_SCHEMA,
        ...pool.schemas,
      },
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

const INFO = {
  title: 'Subledger over Kafka',
  version: '1.0.0',
  description: `Points of an SMS provider's customers: what the parts of Subledger and the SMS sending service say to one another.

Values are CloudEvents 1.0 in structured JSON; limit and profile records and dead letters are plain JSON. Unknown fields are kept and ignored: changes are additive, a breaking one is a new topic version. Topics may carry a prefix (\`KAFKA_TOPIC_PREFIX\`). The page for the developer of a sending service is docs/upstream.md.`,
  license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
  tags: [
    { name: 'gateway', description: 'REST API, names, message log' },
    { name: 'ledger', description: 'The only writer of points' },
    { name: 'scheduler', description: 'Month starts and what else is due' },
    { name: 'upstream', description: 'The SMS sending service' },
    { name: 'anyone', description: 'Other readers, operators' },
  ],
};

function messageSources(pool: SchemaPool, eventExamples: Readonly<Record<string, object>>): MessageSource[] {
  const sent = sentExamples();
  const cloudEvents = (
    topic: TopicName,
    contracts: ReadonlyMap<string, { name: string; schema: Parameters<SchemaPool['add']>[1] }>,
    docs: Readonly<Record<string, string>>,
    examples: (type: string) => object | undefined,
  ): MessageSource[] =>
    [...contracts].map(([type, { name, schema }]) => {
      const example = examples(type);
      if (example === undefined) throw new Error(`no example of ${type}`);
      const about = docs[name] ?? '';
      return { topic, name: type, about, contentType: CLOUD_EVENT, payload: pool.add(type, schema), example };
    });
  const json = 'application/json';
  return [
    ...cloudEvents(TOPICS.commands, COMMANDS, COMMAND_DOCS, (type) => sent.get(type)),
    ...cloudEvents(TOPICS.events, EVENTS, EVENT_DOCS, (type) => eventExamples[type]),
    ...cloudEvents(TOPICS.messages, MESSAGES, MESSAGE_DOCS, (type) => sent.get(type)),
    {
      topic: TOPICS.limits,
      name: 'limit-record',
      about:
        'What a sub-account may still send. `remaining` already has holds and reported messages taken off.',
      contentType: json,
      payload: pool.add('LimitRecord', limitRecord),
      example: LIMIT_EXAMPLE,
    },
    {
      topic: TOPICS.limits,
      name: 'limit-tombstone',
      about: 'No value: the sub-account was deleted 7 days ago or more. Forget it.',
      contentType: json,
      payload: { type: 'null' },
      example: null,
    },
    {
      topic: TOPICS.profiles,
      name: 'profile-record',
      about: 'Name and allowed sender numbers of a sub-account.',
      contentType: json,
      payload: pool.add('ProfileRecord', profileRecord),
      example: PROFILE_EXAMPLE,
    },
    {
      topic: TOPICS.profiles,
      name: 'profile-tombstone',
      about: 'No value: the sub-account was deleted. Forget it.',
      contentType: json,
      payload: { type: 'null' },
      example: null,
    },
    {
      topic: TOPICS.deadLetters,
      name: 'dead-letter',
      about: 'A record that could not be processed. No points were moved by it.',
      contentType: json,
      payload: pool.add('DeadLetter', deadLetterDocument),
      example: DEAD_LETTER_EXAMPLE,
    },
  ];
}

const messageRef = (source: MessageSource): Ref => ({
  $ref: `#/channels/${CHANNEL_DOCS[source.topic].id}/messages/${source.name}`,
});

function channel({ name, partitions, config }: TopicSettings, sources: readonly MessageSource[]): object {
  const doc = CHANNEL_DOCS[name];
  const own = sources.filter(({ topic }) => topic === name);
  return {
    address: name,
    title: doc.title,
    summary: doc.summary,
    description: docLines(doc),
    messages: Object.fromEntries(
      own.map((source) => [source.name, { $ref: `#/components/messages/${source.name}` }]),
    ),
    bindings: {
      kafka: {
        topic: name,
        partitions,
        topicConfiguration: topicConfiguration(config),
        bindingVersion: KAFKA_BINDING,
      },
    },
  };
}

/** The Kafka binding wants the cleanup policy as a list and numbers as numbers. Kafka itself takes text. */
const topicConfiguration = (config: Readonly<Record<string, string>>): object =>
  Object.fromEntries(
    Object.entries(config).map(([name, value]) => {
      if (name === 'cleanup.policy') return [name, [value]];
      return [name, /^\d+$/.test(value) ? Number(value) : value];
    }),
  );

function operation(
  { role, action, topic, summary, types }: OperationDoc,
  sources: readonly MessageSource[],
): object {
  const offered = sources.filter((source) => source.topic === topic);
  const used = types === 'all' ? offered : offered.filter(({ name }) => types.includes(name));
  if (types !== 'all' && used.length !== types.length)
    throw new Error(`${role} names unknown types of ${topic}`);
  return {
    action,
    channel: { $ref: `#/channels/${CHANNEL_DOCS[topic].id}` },
    title: `${role} ${action}s ${CHANNEL_DOCS[topic].id}`,
    summary,
    description: `What ${role} does with \`${topic}\`: ${summary}`,
    tags: [{ name: role }],
    messages: used.map(messageRef),
  };
}

function message({ topic, name, about, contentType, payload, example }: MessageSource, key: object): object {
  const doc = CHANNEL_DOCS[topic];
  const isDeadLetter = topic === TOPICS.deadLetters;
  const headers = isDeadLetter ? 'DeadLetterHeaders' : 'RecordHeaders';
  return {
    name,
    title: name,
    summary: about,
    description: `${about}\n\n${docLines(doc)}`,
    contentType,
    headers: { $ref: `#/components/schemas/${headers}` },
    payload,
    bindings: { kafka: { key, bindingVersion: KAFKA_BINDING } },
    examples: [
      {
        name: 'example',
        ...(isDeadLetter ? {} : { headers: { ...TRACE_EXAMPLE, 'content-type': contentType } }),
        payload: example,
      },
    ],
  };
}
