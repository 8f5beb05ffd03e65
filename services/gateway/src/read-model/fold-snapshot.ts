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

/** How many parts of a snapshot have arrived. */
export interface Progress {
  readonly mainAccountId: string;
  readonly commandId: string;
  /** First and last part of a run without a gap. */
  readonly first: number;
  /** Position of the first of them. */
  readonly generation: number;
  readonly sequence: number;
  last: number;
  isDone: boolean;
}

/** The ledger has no snapshot of this main account, for the reason in `code`. */
export interface RefusedSnapshot {
  readonly mainAccountId: string;
  readonly commandId: string;
  readonly code: string;
}

/** The content of a run of events that answer `snapshot.request`. Sorted by key, like `Fold`. */
export interface Snapshot {
  readonly mains: readonly MainRow[];
  readonly subs: readonly SubRow[];
  readonly transfers: readonly TransferRow[];
  readonly statements: readonly StatementRow[];
  /** Number of a main account's last transfer, as of `mains`. */
  readonly transferCounts: ReadonlyMap<string, number>;
  readonly progress: readonly Progress[];
  readonly refused: readonly RefusedSnapshot[];
}

const SNAPSHOT_REQUEST = commandType('snapshot.request');

/** Whether the event brings a part of a snapshot, or says that there is none. Neither is an event of the books. */
export const isOfSnapshot = ({ name, data }: LedgerEvent): boolean =>
  name === 'snapshot.published' ||
  (name === 'command.rejected' && data.cause.type === SNAPSHOT_REQUEST && data.sequence === 0);

/** Folds parts of snapshots. Pure. All events must be `isOfSnapshot`. */
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

/** Parts count up to the first gap. */
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
