import { TOPICS } from '@subledger/contracts';
import { GroupShare, type KafkaConfig } from '@subledger/kafka/client';

/**
 * The main accounts that an instance answers for, by the partition of their messages (docs/decisions/0030):
 * - `groupId`: instances with the same id share the partitions, and take over from one another
 * - `index` of `count`: every `count`-th partition. No two running instances may have the same index
 */
export type Ownership =
  | { readonly groupId: string; readonly sessionTimeoutMs?: number }
  | { readonly index: number; readonly count: number };

export interface OwnershipEvents {
  onGained(partitions: number[]): void;
  onLost(partitions: number[]): void;
  /** Another instance may own the partitions soon. */
  onHandOver(): Promise<void>;
  onHandOverEnd(): void;
}

export interface OwnershipHandle {
  /** Whether this instance certainly still owns its partitions. */
  readonly isConfirmed: boolean;
  /** Resolves with the first partitions. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Opens the chosen kind of ownership.
 * @throws RangeError if the index is not one of `count`
 */
export function openOwnership(
  kafka: KafkaConfig,
  ownership: Ownership,
  partitions: number,
  events: OwnershipEvents,
): OwnershipHandle {
  // The group shares all partitions of the topic. Those beyond the lanes have no main accounts.
  const isLane = (partition: number) => partition < partitions;
  if ('groupId' in ownership)
    return new GroupShare(kafka, {
      ...ownership,
      topic: TOPICS.messages,
      onGained: (gained) => events.onGained(gained.filter(isLane)),
      onLost: (lost) => events.onLost(lost.filter(isLane)),
      beforeRejoin: () => events.onHandOver(),
      onRejoined: () => events.onHandOverEnd(),
    });
  const { index, count } = ownership;
  if (!(Number.isInteger(index) && Number.isInteger(count) && index >= 0 && index < count))
    throw new RangeError(`ownership needs 0 <= index < count, not index ${index} of ${count}`);
  const own = Array.from({ length: partitions }, (_, partition) => partition).filter(
    (partition) => partition % count === index,
  );
  return {
    isConfirmed: true,
    start: async () => events.onGained(own),
    stop: async () => events.onLost(own),
  };
}
