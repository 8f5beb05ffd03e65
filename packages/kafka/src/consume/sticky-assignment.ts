import type { TopicPartition } from '../config.js';

/** A member of the group as the leader sees it. */
export interface Member {
  id: string;
  /** Units that it had, and the group's generation at that time. Empty for a newcomer. */
  owned: string[];
  generation: number;
}

/**
 * Assigns every unit to one member. Counts are as even as possible, and each member keeps its units up to its share
 * (KIP-54). It depends only on its arguments, so it is tested with a table.
 *
 *
 * @param units all units, in order
 * @returns units by member id, in the order of `units`
 */
export function assignSticky(units: string[], members: Member[]): Map<string, string[]> {
  const sorted = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const kept = keepClaims(units, sorted);
  // Members with the most units keep the larger shares, so that no unit moves without need.
  const byClaims = sorted.toSorted((a, b) => kept.get(b.id)!.length - kept.get(a.id)!.length);
  const share = Math.floor(units.length / sorted.length);
  const larger = units.length % sorted.length;
  const quota = new Map(byClaims.map((member, rank) => [member.id, share + (rank < larger ? 1 : 0)]));
  const taken = new Set<string>();
  for (const [id, claims] of kept) {
    claims.length = Math.min(claims.length, quota.get(id)!);
    for (const unit of claims) taken.add(unit);
  }
  const free = units.filter((unit) => !taken.has(unit));
  for (const { id } of sorted) {
    const mine = kept.get(id)!;
    mine.push(...free.splice(0, quota.get(id)! - mine.length));
  }
  const order = new Map(units.map((unit, index) => [unit, index]));
  for (const mine of kept.values()) mine.sort((a, b) => order.get(a)! - order.get(b)!);
  return kept;
}

/** The claims that each member may keep. If two members claim the same unit, the later generation wins. */
function keepClaims(units: string[], members: Member[]): Map<string, string[]> {
  const owner = new Map<string, Member>();
  for (const member of members)
    for (const unit of member.owned) {
      const other = owner.get(unit);
      if (!other || member.generation > other.generation) owner.set(unit, member);
    }
  const kept = new Map<string, string[]>(members.map((member) => [member.id, []]));
  for (const unit of units) {
    const member = owner.get(unit);
    if (member) kept.get(member.id)!.push(unit);
  }
  return kept;
}

/** The unit that a partition belongs to: its number alone where the topics are co-partitioned. */
export function unitOf({ topic, partition }: TopicPartition, coPartitioned: boolean): string {
  return coPartitioned ? String(partition) : `${topic}:${partition}`;
}

/**
 * All partitions by unit, ordered by partition, then topic. Co-partitioned topics may differ in their number of
 * partitions. A unit then has the partitions that exist.
 */
export function unitsOf(
  partitionCounts: ReadonlyMap<string, number>,
  coPartitioned: boolean,
): Map<string, TopicPartition[]> {
  const counts = [...partitionCounts].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const units = new Map<string, TopicPartition[]>();
  const most = Math.max(0, ...partitionCounts.values());
  for (let partition = 0; partition < most; partition += 1)
    for (const [topic, count] of counts) {
      if (partition >= count) continue;
      const unit = unitOf({ topic, partition }, coPartitioned);
      units.set(unit, [...(units.get(unit) ?? []), { topic, partition }]);
    }
  return units;
}
