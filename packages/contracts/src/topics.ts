/** Topics of the design, section 5: names, keys, settings. `ensureTopics` creates them from here. */

const DAY_MS = 24 * 60 * 60 * 1_000;
const DEFAULT_PARTITIONS = 12;

export const TOPICS = {
  commands: 'points.commands.v1',
  events: 'points.events.v1',
  limits: 'subaccount.limits.v1',
  profiles: 'subaccount.profiles.v1',
  messages: 'sms.messages.v1',
  deadLetters: 'deadletters.v1',
} as const;
export type TopicName = (typeof TOPICS)[keyof typeof TOPICS];

export interface TopicSettings {
  readonly name: TopicName;
  /** What the record key is. */
  readonly key: 'main account' | 'sub-account' | 'source key';
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

const kept = (days: number) => ({ 'cleanup.policy': 'delete', 'retention.ms': String(days * DAY_MS) });
const compacted = {
  'cleanup.policy': 'compact',
  'min.compaction.lag.ms': '0',
  'delete.retention.ms': String(7 * DAY_MS),
};
/** The broker's clock stamps the record. It is the ledger's only time (design, section 3, month start). */
const stampedByBroker = { 'message.timestamp.type': 'LogAppendTime' };

/**
 * The settings of every topic (design, section 5). Commands and messages get the same number of partitions, fixed at
 * creation, so that partition *i* of both is lane *i* of the ledger.
 * @param partitions number of lanes
 */
export function topicSettings(partitions: number = DEFAULT_PARTITIONS): TopicSettings[] {
  const topic = (
    name: TopicName,
    key: TopicSettings['key'],
    config: Record<string, string>,
  ): TopicSettings => ({
    name,
    key,
    partitions,
    config: { ...config, ...stampedByBroker },
  });
  return [
    topic(TOPICS.commands, 'main account', kept(7)),
    topic(TOPICS.events, 'main account', kept(30)),
    topic(TOPICS.limits, 'sub-account', compacted),
    topic(TOPICS.profiles, 'sub-account', compacted),
    topic(TOPICS.messages, 'main account', kept(30)),
    topic(TOPICS.deadLetters, 'source key', kept(30)),
  ];
}
