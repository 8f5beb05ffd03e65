import type {
  BookedReference,
  Charge,
  Hold,
  MainAccount,
  Refund,
  SubAccount,
  Transfer,
} from '@subledger/core';
import type { KafkaRecord } from '@subledger/kafka';
import type { CommandRow, OutboxRow } from '@subledger/ledger/engine';
import type { JournalEvent, StoredBlock } from '@subledger/wire';

/** Plain tables, as simple as possible: rows in maps, copied on the way in and out. */

export interface LaneRow {
  readonly lane: number;
  epoch: bigint;
  generation: number;
  commandOffset: bigint;
  messageOffset: bigint;
  commandLastId: string | null;
  messageLastId: string | null;
  laneSequence: bigint;
  publishedSequence: bigint;
  rebuildLimits: boolean;
  owner: string;
}

export interface StatementRow {
  readonly mainAccountId: string;
  readonly subAccountId: string;
  readonly period: string;
  readonly opening: bigint;
  readonly limit: bigint;
  readonly boost: bigint;
  readonly granted: bigint;
  readonly used: bigint;
  readonly overage: bigint;
  readonly held: bigint;
  readonly returned: bigint;
  lateUsed: bigint;
  lateRefunded: bigint;
  lateReturned: bigint;
  readonly at: string;
}

export type StoredTransfer = Transfer & {
  readonly mainAccountId: string;
  readonly eventSequence: number;
  readonly at: string;
};
type SubRow = SubAccount & { readonly mainAccountId: string; tombstonedAt: number | null };
type Of<Row> = Row & { readonly mainAccountId: string };

/** What one transaction processed of the lane's logs. The plain run processes the same in the same order. */
export interface Taken {
  readonly commands: readonly KafkaRecord[];
  readonly messages: readonly KafkaRecord[];
  /** A month start in parts that the clock made due: its own transaction, before the next record. */
  readonly rolled: { readonly mainAccountId: string; readonly at: number } | null;
  /** Holds that the clock ended: a transaction of their own, too. */
  readonly expired: readonly { readonly mainAccountId: string; readonly id: string; readonly at: number }[];
}

/** Keys: ids with a space between, which no id contains. */
export class Tables {
  readonly lanes = new Map<number, LaneRow>();
  readonly mainAccounts = new Map<string, MainAccount>();
  readonly subAccounts = new Map<string, SubRow>();
  /** Ids of a main account's sub-accounts, in order of creation. */
  readonly subsOf = new Map<string, string[]>();
  readonly holds = new Map<string, Of<Hold>>();
  readonly charges = new Map<string, Of<Charge>>();
  readonly refunds = new Map<string, Of<Refund>>();
  readonly references = new Map<string, Of<BookedReference>>();
  readonly commands = new Map<string, CommandRow>();
  readonly statements = new Map<string, StatementRow>();
  /** The events of all blocks, by main account and sequence, for those who judge. */
  readonly journal = new Map<string, JournalEvent>();
  readonly transfers = new Map<string, StoredTransfer>();
  /** The journal as the ledger reads it, and the outbox, by lane. */
  readonly blocksOf = new Map<number, StoredBlock[]>();
  readonly outboxOf = new Map<number, OutboxRow[]>();
  readonly taken = new Map<number, Taken[]>();

  /** A complete copy: rows are flat, and their values never change in place. */
  clone(): Tables {
    const copy = new Tables();
    for (const name of Object.keys(this) as (keyof Tables)[]) {
      const table = this[name] as unknown;
      if (!(table instanceof Map)) continue;
      for (const [key, row] of table as Map<unknown, object>)
        (copy[name] as unknown as Map<unknown, object>).set(key, Array.isArray(row) ? [...row] : { ...row });
    }
    return copy;
  }
}
