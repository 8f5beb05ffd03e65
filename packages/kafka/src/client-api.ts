/** The part of the transport that needs no Nest: what other programs may load (`@subledger/kafka/client`). */

export type { KafkaConfig, KafkaLogger, KafkaRecord, OutgoingRecord, TopicPartition } from './config.js';
export { partitionKey } from './config.js';
export { BatchConsumer } from './consume/batch-consumer.js';
export type { BatchConsumerOptions, ConsumerState, RecordBatch } from './consume/consumer-options.js';
export { GroupShare, type GroupShareOptions } from './consume/group-share.js';
export type { OffsetToCommit } from './consume/offset-committer.js';
export {
  nextSessionState,
  SessionEndedError,
  type SessionEvent,
  type SessionState,
  silenceOf,
} from './consume/session-states.js';
export { FencedError, KafkaRejectedError, KafkaUnavailableError, PartitionCountError } from './errors.js';
export { type FollowedBatch, LogFollower, type LogFollowerOptions } from './follow/log-follower.js';
export { LogReader } from './follow/log-reader.js';
export { partitionFor } from './murmur2.js';
export { DeadLetterSeal } from './produce/dead-letter-seal.js';
export type { DeadLetter, ParsedDeadLetter } from './produce/dead-letters.js';
export { DeadLetterWriter, parseDeadLetter, toDeadLetter } from './produce/dead-letters.js';
export { RecordProducer, type RecordProducerOptions, type WrittenRecord } from './produce/record-producer.js';
export {
  type FencedTopic,
  TransactionalPublisher,
  type TransactionalPublisherOptions,
} from './produce/transactional-publisher.js';
export {
  deleteRecords,
  deleteTopics,
  ensureTopics,
  growTopic,
  type TopicDefinition,
} from './topics/topics.js';
export { extractTrace, injectTrace } from './trace.js';
