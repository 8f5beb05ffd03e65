import { commandType, type EventData, type TransferView } from '@subledger/contracts';
import type { LedgerEvent } from '../events/parse-events.js';
import {
  keepNewest,
  type MainRow,
  type SubRow,
  sorted,
  type TransferRow,
  transferKey,
} from './fold-events.js';
import { type StatementRow, statementOf } from './period-rows.js';

/** How far the answer to a `snapshot.request` has come. */
export interface Progress {
  readonly mainAccountId: string;
  readonly commandId: string;
  /** First and last part of those that have come together, without a gap between. */
  readonly first: number;
  /** Position of the first of them. */
  readonly generation: number;
  readonly sequence: number;
  last: number;
  isDone: boolean;
}

/** The ledger does not state these books, for the reason that `code` says. */
export interface RefusedSnapshot {
  readonly mainAccountId: string;
  readonly commandId: string;
  readonly code: string;
}

/** What a run of events says that answer `snapshot.request`. Sorted by key, as `Fold`. */
export interface Snapshot {
  readonly mains: readonly MainRow[];
  readonly subs: readonly SubRow[];
  readonly transfers: readonly TransferRow[];
  readonly statements: readonly StatementRow[];
  /** Number of the last transfer that a main account has, as of `mains`. */
  readonly transferCounts: ReadonlyMap<string, number>;
  readonly progress: readonly Progress[];
  readonly refused: readonly RefusedSnapshot[];
}

const SNAPSHOT_REQUEST = commandType('snapshot.request');

/** Whether the event brings books, or says that there are none: both are no events of the books. */
export const isOfSnapshot = ({ name, data }: LedgerEvent): boolean =>
  name === 'snapshot.published' ||
  (name === 'command.rejected' && data.cause.type === SNAPSHOT_REQUEST && data.sequence === 0);

/** Pure. All events must be `isOfSnapshot`. */
export function foldSnapshot(events: readonly LedgerEvent[]): Snapshot {
  const mains = new Map<string, MainRow>();
  const subs = new Map<string, SubRow>();
  const transfers = new Map<string, TransferRow>();
  const statements = new Map<string, StatementRow>();
  const transferCounts = new Map<string, number>();
  const progress = new Map<string, Progress>();
  const refused = new Map<string, RefusedSnapshot>();
  for (const { name, data } of events) {
    const { mainAccountId, generation, sequence, at, cause } = data;
    const key = `${mainAccountId} ${cause.id}`;
    if (name !== 'snapshot.published') {
      const { code } = data as EventData<'command.rejected'>;
      refused.set(key, { mainAccountId, commandId: cause.id, code });
      continue;
    }
    const stated = data as EventData<'snapshot.published'>;
    const position = { mainAccountId, generation, sequence, at };
    keepNewest(mains, mainAccountId, { ...position, state: stated.mainAccount });
    if (mains.get(mainAccountId)?.state === stated.mainAccount)
      transferCounts.set(mainAccountId, stated.transferCount);
    for (const state of stated.subAccounts)
      keepNewest(subs, `${mainAccountId} ${state.subAccountId}`, { ...position, state });
    for (const { at: bookedAt, ...transfer } of stated.lines)
      keepNewest(transfers, transferKey(mainAccountId, transfer as TransferView), {
        ...position,
        at: bookedAt,
        transfer: transfer as TransferView,
      });
    for (const one of stated.statements)
      keepNewest(
        statements,
        `${mainAccountId} ${one.period} ${one.subAccountId}`,
        statementOf(one, position),
      );
    addPart(progress, key, stated);
  }
  return {
    mains: sorted(mains),
    subs: sorted(subs),
    transfers: sorted(transfers),
    statements: sorted(statements),
    transferCounts,
    progress: sorted(progress),
    refused: sorted(refused),
  };
}

/** Parts count as far as none is missing between them. */
function addPart(
  progress: Map<string, Progress>,
  key: string,
  stated: EventData<'snapshot.published'>,
): void {
  const { mainAccountId, generation, sequence, cause, part, isLast } = stated;
  const before = progress.get(key);
  if (!before) {
    progress.set(key, {
      mainAccountId,
      commandId: cause.id,
      first: part,
      generation,
      sequence,
      last: part,
      isDone: isLast,
    });
  } else if (part === before.last + 1) {
    before.last = part;
    before.isDone = isLast;
  }
}
