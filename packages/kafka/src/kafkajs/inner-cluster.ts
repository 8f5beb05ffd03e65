import type { KafkaMessage } from 'kafkajs';
import type { KafkaConfig } from '../config.js';
import { type ClientOptions, createClient } from './client.js';

export const READ_COMMITTED = 1;

/** kafkajs's cluster. Its types show less than its assigners get. The shape is that of 2.2.4. */
export interface InnerCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  refreshMetadata(): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
  findBroker(node: { nodeId: string }): Promise<InnerBroker>;
  fetchTopicsOffset(
    topics: { topic: string; partitions: { partition: number }[]; fromBeginning: boolean }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
}

/** A partition's part of the answer to a fetch. */
export interface FetchedPartition {
  partition: number;
  highWatermark: string;
  abortedTransactions: { firstOffset: string; producerId: string }[] | null;
  messages: (KafkaMessage & { isControlRecord: boolean })[];
  /** Only set by our own decoding, see `fetch-decoding.ts`. */
  nextOffset?: bigint;
}

export interface InnerBroker {
  fetch(request: object): Promise<{ responses: { topicName: string; partitions: FetchedPartition[] }[] }>;
}

/**
 * A connected cluster, to read without a group. kafkajs offers no such reading, but it passes the cluster that can do
 * it to every assigner. So a consumer is made for its cluster only, and never run.
 * @throws Error if kafkajs does not pass its cluster to assigners, or if it cannot connect
 */
export async function connectCluster(config: KafkaConfig, options: ClientOptions): Promise<InnerCluster> {
  let captured: InnerCluster | undefined;
  createClient(config, options).consumer({
    groupId: 'never-joined',
    allowAutoTopicCreation: false,
    partitionAssigners: [
      ({ cluster }) => {
        captured = cluster as unknown as InnerCluster;
        return {
          name: 'none',
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }),
        };
      },
    ],
  });
  if (!captured) throw new Error('kafkajs no longer hands its cluster to assigners');
  try {
    await captured.connect();
  } catch (error) {
    await captured.disconnect().catch(() => undefined);
    throw error;
  }
  return captured;
}
