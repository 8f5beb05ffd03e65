import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import type { KafkaConfig } from '../config.js';
import { errorCode, KafkaUnavailableError, PartitionCountError, toTransportError } from '../errors.js';
import { createClient, TopicNames } from '../kafkajs/client.js';

export interface TopicDefinition {
  /** Without the prefix. */
  name: string;
  partitions: number;
  /** Whether an existing topic may have more than `partitions`. Default: it must have exactly as many. */
  mayHaveMore?: boolean;
  /** The broker's default if absent. Only used at creation. */
  replicationFactor?: number;
  /** Kafka's topic settings, such as `{ 'cleanup.policy': 'compact' }`. Other settings stay as they are. */
  config: Record<string, string>;
}

const TOPIC = kafkajs.ConfigResourceTypes.TOPIC;
const TOPIC_READY_MS = 20_000;
/** `configSource` of a value that was set on the topic itself, and not inherited. */
const SET_ON_TOPIC = 1;

async function withAdmin<T>(
  config: KafkaConfig,
  action: string,
  run: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = createClient(config, {
    retries: 6,
    initialRetryTimeMs: 100,
    maxRetryTimeMs: 2_000,
    requestTimeoutMs: 30_000,
  }).admin();
  try {
    await admin.connect();
    return await run(admin);
  } catch (error) {
    if (error instanceof PartitionCountError) throw error;
    throw toTransportError(action, error);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/**
 * Creates missing topics and sets settings that differ. A second call changes nothing.
 *
 *
 * @returns names (without prefix) of the topics created, and of those whose settings were changed
 * @throws PartitionCountError before any change, if a topic exists with another partition count: more partitions
 *   would move keys to other lanes while their records are still waiting in the old ones
 * @throws KafkaUnavailableError | KafkaRejectedError
 */
export async function ensureTopics(
  config: KafkaConfig,
  topics: TopicDefinition[],
): Promise<{ created: string[]; altered: string[] }> {
  const names = new TopicNames(config);
  return withAdmin(config, 'set up topics', async (admin) => {
    const present = new Set(await admin.listTopics());
    const isPresent = (topic: TopicDefinition) => present.has(names.toWire(topic.name));
    await checkPartitionCounts(admin, names, topics.filter(isPresent));
    const created = await createTopics(
      admin,
      names,
      topics.filter((topic) => !isPresent(topic)),
    );
    // Another process may have created a topic a moment ago with other settings or partitions, so check those too.
    const existing = topics.filter((topic) => !created.includes(topic.name));
    await checkPartitionCounts(
      admin,
      names,
      existing.filter((topic) => !isPresent(topic)),
    );
    const altered = await alterDrifted(admin, names, existing);
    return { created, altered };
  });
}

async function checkPartitionCounts(
  admin: Admin,
  names: TopicNames,
  topics: TopicDefinition[],
): Promise<void> {
  if (topics.length === 0) return;
  const metadata = await admin.fetchTopicMetadata({
    topics: topics.map((topic) => names.toWire(topic.name)),
  });
  const actual = new Map(metadata.topics.map((topic) => [topic.name, topic.partitions.length]));
  const wrong = topics
    .filter((topic) => {
      const count = actual.get(names.toWire(topic.name)) ?? 0;
      return topic.mayHaveMore ? count < topic.partitions : count !== topic.partitions;
    })
    .map((topic) => `${topic.name} has ${actual.get(names.toWire(topic.name))}, not ${topic.partitions}`);
  if (wrong.length > 0)
    throw new PartitionCountError(`Partition counts are fixed at creation, but ${wrong.join('; ')}`);
}

async function createTopics(admin: Admin, names: TopicNames, topics: TopicDefinition[]): Promise<string[]> {
  const created: string[] = [];
  // One at a time: if any topic exists already, kafkajs answers a single `false` for the whole request.
  for (const topic of topics) {
    const isNew = await admin.createTopics({
      // kafkajs fails if a broker does not know the topic yet. `waitForTopics` retries.
      waitForLeaders: false,
      topics: [
        {
          topic: names.toWire(topic.name),
          numPartitions: topic.partitions,
          replicationFactor: topic.replicationFactor ?? -1,
          configEntries: Object.entries(topic.config).map(([name, value]) => ({ name, value })),
        },
      ],
    });
    if (isNew) created.push(topic.name);
  }
  await waitForTopics(
    admin,
    topics.map((topic) => names.toWire(topic.name)),
  );
  return created;
}

/** Waits until every partition has a leader. A new topic is not known to all brokers at once. */
async function waitForTopics(admin: Admin, topics: string[]): Promise<void> {
  if (topics.length === 0) return;
  const end = Date.now() + TOPIC_READY_MS;
  for (;;) {
    try {
      const metadata = await admin.fetchTopicMetadata({ topics });
      if (metadata.topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return;
    } catch (error) {
      if (errorCode(error) !== 'UNKNOWN_TOPIC_OR_PARTITION' && errorCode(error) !== 'LEADER_NOT_AVAILABLE')
        throw error;
    }
    if (Date.now() > end)
      throw new KafkaUnavailableError(`No leaders within ${TOPIC_READY_MS} ms: ${topics.join(', ')}`);
    await sleep(50);
  }
}

async function alterDrifted(admin: Admin, names: TopicNames, topics: TopicDefinition[]): Promise<string[]> {
  if (topics.length === 0) return [];
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((topic) => ({ type: TOPIC, name: names.toWire(topic.name) })),
  });
  const altered: string[] = [];
  for (const topic of topics) {
    const entries =
      resources.find((found) => found.resourceName === names.toWire(topic.name))?.configEntries ?? [];
    const current = new Map(entries.map((entry) => [entry.configName, entry.configValue]));
    if (Object.entries(topic.config).every(([name, value]) => current.get(name) === value)) continue;
    // kafkajs has only the old AlterConfigs, which resets all settings that it does not list. So list the existing
    // settings too.
    const merged = new Map<string, string>();
    for (const entry of entries)
      if ((entry as { configSource?: number }).configSource === SET_ON_TOPIC)
        merged.set(entry.configName, entry.configValue);
    for (const [name, value] of Object.entries(topic.config)) merged.set(name, value);
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: TOPIC,
          name: names.toWire(topic.name),
          configEntries: [...merged].map(([name, value]) => ({ name, value })),
        },
      ],
    });
    altered.push(topic.name);
  }
  return altered;
}

/**
 * Deletes topics (names without prefix) with all their records. Topics that do not exist are ignored. For tests.
 * @throws KafkaUnavailableError | KafkaRejectedError
 */
export async function deleteTopics(config: KafkaConfig, topics: string[]): Promise<void> {
  const names = new TopicNames(config);
  await withAdmin(config, 'delete topics', async (admin) => {
    const present = new Set(await admin.listTopics());
    const doomed = topics.map((topic) => names.toWire(topic)).filter((topic) => present.has(topic));
    if (doomed.length === 0) return;
    try {
      await admin.deleteTopics({ topics: doomed, timeout: 10_000 });
    } catch (error) {
      if (errorCode(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
    }
  });
}

/**
 * Gives a topic more partitions, as an operator does. For tests.
 * @throws KafkaUnavailableError | KafkaRejectedError
 */
export async function growTopic(config: KafkaConfig, topic: string, partitions: number): Promise<void> {
  const wireTopic = new TopicNames(config).toWire(topic);
  await withAdmin(config, 'grow a topic', async (admin) => {
    await admin.createPartitions({ topicPartitions: [{ topic: wireTopic, count: partitions }] });
  });
}

/**
 * Deletes the records of a partition before an offset, as retention does. For tests.
 * @throws KafkaUnavailableError | KafkaRejectedError
 */
export async function deleteRecords(
  config: KafkaConfig,
  topic: string,
  partition: number,
  before: bigint,
): Promise<void> {
  const wireTopic = new TopicNames(config).toWire(topic);
  await withAdmin(config, 'delete records', async (admin) => {
    // kafkajs looks for the leader in the metadata that it has already loaded.
    await admin.fetchTopicOffsets(wireTopic);
    await admin.deleteTopicRecords({ topic: wireTopic, partitions: [{ partition, offset: String(before) }] });
  });
}
