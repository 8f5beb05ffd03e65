import type { KafkaRecord } from '@subledger/kafka';
import type { Tables } from '../store/tables.js';

/** Everything that the auditor may use: what is visible outside of the ledger, and at the end its tables. */
export interface Evidence {
  readonly partitions: number;
  /** Commands and messages by partition, in order, starting with logs that were recreated. */
  readonly commands: readonly (readonly KafkaRecord[])[];
  readonly messages: readonly (readonly KafkaRecord[])[];
  /** What `read_committed` readers get, by partition. */
  readonly events: readonly (readonly KafkaRecord[])[];
  readonly limits: readonly (readonly KafkaRecord[])[];
  readonly deadLetters: readonly (readonly KafkaRecord[])[];
  readonly tables: Tables;
  /** Records that retention or a recreated topic removed before they were read. */
  readonly lost: ReadonlySet<KafkaRecord>;
  /**
   * Records that were read again after a restore, and the time of the last restore. Their earlier results may still
   * be on the topics.
   */
  readonly undone: ReadonlyMap<KafkaRecord, number>;
  /** How far the books of a restored lane reached when an operator resumed it, by main account. */
  readonly resumptions: readonly {
    readonly lane: number;
    readonly generation: number;
    readonly sequences: ReadonlyMap<string, number>;
  }[];
  readonly endedAt: number;
  readonly tombstoneGraceMs: number;
  readonly allowEarlyRoll: boolean;
  /** Text that makes a rule throw. */
  readonly poison: string;
}

export interface TransferView {
  readonly sequence: number;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly points: string;
  readonly fromBalance: string;
  readonly toBalance: string;
  readonly subAccountId: string | null;
  readonly messageId: string | null;
  readonly period: string;
}

/** An event as the wire has it. */
export interface EventView {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly data: {
    readonly mainAccountId: string;
    readonly generation: number;
    readonly sequence: number;
    readonly at: string;
    readonly cause: { readonly kind: string; readonly id: string; readonly type: string };
    readonly transfers: readonly TransferView[];
    readonly mainAccount?: Record<string, unknown>;
    readonly subAccount?: Record<string, unknown> & { readonly subAccountId: string };
    readonly [detail: string]: unknown;
  };
}
