import kafkajs, { type Assigner, type Cluster, type PartitionAssigner } from 'kafkajs';
import type { TopicPartition } from '../config.js';
import { assignSticky, type Member, unitOf, unitsOf } from './sticky-assignment.js';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
const VERSION = 0;
/** For members whose generation kafkajs does not report. */
export const UNKNOWN_GENERATION = -1;

export interface GroupHooks {
  coPartitioned: boolean;
  /** Wire names of the partitions that this member has, and the generation since when. The leader gets them. */
  owned(): { generation: number; partitions: TopicPartition[] };
  /** Called before each join. The join waits for it, so it must end long before the session time-out. */
  beforeJoin(): Promise<void>;
  onGeneration(generation: number): void;
}

/** The hooked calls of kafkajs's inner cluster. They are not in its types. The shape is that of 2.2.4. */
interface InnerCluster {
  findGroupCoordinator(request: { groupId: string }): Promise<InnerBroker>;
}
interface InnerBroker {
  joinGroup(request: unknown): Promise<{ generationId: number }>;
}

/**
 * The group's assignor, with two hooks that kafkajs lacks. kafkajs passes its cluster to assigners, and each join
 * begins with `findGroupCoordinator` on it. The first hook delays the join there until running handlers are done. The
 * second reads the generation from the answer. If a later kafkajs joined differently, the generation would stay
 * unknown and every rebalance would count as a loss of all partitions: slower, but still correct.
 */
export function createPartitionAssigner(hooks: GroupHooks): PartitionAssigner {
  return ({ cluster, groupId }) => {
    hookJoin(cluster as unknown as InnerCluster, groupId, hooks);
    return createAssigner(cluster, hooks);
  };
}

function hookJoin(cluster: InnerCluster, groupId: string, hooks: GroupHooks): void {
  const find = cluster.findGroupCoordinator.bind(cluster);
  const hooked = new WeakSet<InnerBroker>();
  cluster.findGroupCoordinator = async (request) => {
    if (request.groupId !== groupId) return find(request);
    await hooks.beforeJoin();
    const broker = await find(request);
    if (!hooked.has(broker)) {
      hooked.add(broker);
      const join = broker.joinGroup.bind(broker);
      broker.joinGroup = async (joinRequest) => {
        const answer = await join(joinRequest);
        hooks.onGeneration(answer.generationId ?? UNKNOWN_GENERATION);
        return answer;
      };
    }
    return broker;
  };
}

function createAssigner(cluster: Cluster, hooks: GroupHooks): Assigner {
  const { coPartitioned } = hooks;
  const name = coPartitioned ? 'subledger-co-partitioned' : 'subledger-sticky';
  return {
    name,
    version: VERSION,
    protocol({ topics }) {
      const { generation, partitions } = hooks.owned();
      const units = [...new Set(partitions.map((owned) => unitOf(owned, coPartitioned)))];
      const userData = Buffer.from(JSON.stringify({ generation, units }));
      return { name, metadata: MemberMetadata.encode({ version: VERSION, topics, userData }) };
    },
    async assign({ members, topics }) {
      const counts = new Map(
        topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length] as const),
      );
      const units = unitsOf(counts, coPartitioned);
      const claims = members.map((member) => decodeClaim(member.memberId, member.memberMetadata));
      const shares = assignSticky([...units.keys()], claims);
      return [...shares].map(([memberId, share]) => {
        const assignment: Record<string, number[]> = {};
        for (const unit of share)
          for (const { topic, partition } of units.get(unit)!) {
            assignment[topic] ??= [];
            assignment[topic].push(partition);
          }
        return {
          memberId,
          memberAssignment: MemberAssignment.encode({
            version: VERSION,
            assignment,
            userData: Buffer.alloc(0),
          }),
        };
      });
    },
  };
}

function decodeClaim(id: string, metadata: Buffer): Member {
  try {
    const claim = JSON.parse(MemberMetadata.decode(metadata)!.userData.toString('utf8'));
    return { id, owned: claim.units.map(String), generation: Number(claim.generation) };
  } catch {
    // A member without readable metadata has no claims, and gets its share like a newcomer.
    return { id, owned: [], generation: UNKNOWN_GENERATION };
  }
}
