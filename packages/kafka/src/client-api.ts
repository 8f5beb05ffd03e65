/**
 * All of the transport that needs no Nest: what a program of somebody else's may load (`@subledger/kafka/client`).
 */
export { BatchConsumer } from './batch-consumer.js';
export type { KafkaConfig, KafkaLogger, KafkaRecord, OutgoingRecord, TopicPartition } from './config.js';
export { partitionKey } from './config.js';
export type { BatchConsumerOptions, ConsumerState, RecordBatch } from './consumer-options.js';
export { DeadLetterSeal } from './dead-letter-seal.js';
export type { DeadLetter, ParsedDeadLetter } from './dead-letters.js';
export { DeadLetterWriter, parseDeadLetter, toDeadLetter } from './dead-letters.js';
export { FencedError, KafkaRejectedError, KafkaUnavailableError, PartitionCountError } from './errors.js';
export { GroupShare, type GroupShareOptions } from './group-share.js';
export { type FollowedBatch, LogFollower, type LogFollowerOptions } from './log-follower.js';
export { LogReader } from './log-reader.js';
export { partitionFor } from './murmur2.js';
export type { OffsetToCommit } from './offset-committer.js';
export { RecordProducer, type RecordProducerOptions, type WrittenRecord } from './record-producer.js';
export { nextSessionState, SessionEndedError, type SessionEvent, type SessionState, silenceOf } from './session-states.js';
export { deleteRecords, deleteTopics, ensureTopics, growTopic, type TopicDefinition } from './topics.js';
export { extractTrace, injectTrace } from './trace.js';
export {
  type FencedTopic,
  TransactionalPublisher,
  type TransactionalPublisherOptions,
} from './transactional-publisher.js';
