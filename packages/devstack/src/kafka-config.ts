import { HOST } from './constants.js';

export interface KafkaPorts {
  readonly broker: number;
  readonly controller: number;
}

/**
 * `server.properties` of one node that is broker and controller. Settings of single topics (cleanup,
 * LogAppendTime, retention) are set when the topics are created.
 */
export function serverProperties(ports: KafkaPorts, dataDir: string): string {
  const settings: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${HOST}:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${HOST}:${ports.broker},CONTROLLER://${HOST}:${ports.controller}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${ports.broker}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': dataDir,
    // A misspelt topic is an error, not a topic.
    'auto.create.topics.enable': 'false',
    'message.max.bytes': 1_048_588,
    // One node: a second replica can never exist.
    'default.replication.factor': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // The defaults of 50 partitions each cost seconds at the first use, and serve large clusters.
    'offsets.topic.num.partitions': 12,
    'transaction.state.log.num.partitions': 12,
    // A single developer's consumer group does not have to wait for other members.
    'group.initial.rebalance.delay.ms': 0,
    // The default takes 128 MB of a heap of 512; 16 MB remember 700,000 keys per cleaning.
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
  };
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${propertyValue(String(value))}`)
    .join('\n')}\n`;
}

/** Java's properties files give the backslash a meaning. */
function propertyValue(text: string): string {
  return text.replaceAll('\\', '\\\\');
}

/** Small and quick to start: half a gigabyte, one collector thread, no second compiler. */
export const DEFAULT_JAVA_OPTS: readonly string[] = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
];

/** Warnings, and the line that says that the broker is ready. */
export const LOG_OPTS: readonly string[] = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSSZ',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
];

export const READY_LINE = 'Kafka Server started';
