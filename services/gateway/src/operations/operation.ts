import type { CommandInput, CommandName, RejectionCode, RouteId } from '@subledger/contracts';

/** A command without an id yet. */
export type CommandDraft = {
  [Name in CommandName]: { readonly name: Name; readonly data: CommandInput<Name> };
}[CommandName];

/** Changes of the gateway's own tables, in the transaction that applies the ledger's acceptance. */
export interface Effects {
  /** Settings of the operation's sub-account. */
  readonly subAccount?: {
    readonly name?: string;
    readonly passwordHash?: string;
    readonly senderNumbers?: readonly string[];
  };
  readonly mainAccount?: {
    readonly name?: string;
    readonly country?: string;
    readonly closesActivationRequest?: boolean;
    readonly note?: string;
  };
}

/** Routes whose outcome creates or removes more than the operation itself, see `finishOperations`. */
const CREATIONS: ReadonlySet<string> = new Set<RouteId>(['createSubAccount', 'createMainAccount']);

/** Whether only the outcome must be stored: no settings or names change, and no second command follows. */
export const isOutcomeOnlyOperation = (stored: {
  readonly action: string;
  readonly effects: object | null;
  readonly thenCommandId: string | null;
}): boolean => stored.effects === null && stored.thenCommandId === null && !CREATIONS.has(stored.action);

/** The ledger's answer, stored with the operation. */
export interface Outcome {
  /** Short name of the event that ended it. */
  readonly event: string;
  readonly generation: number;
  readonly sequence: number;
  /** Set if it was refused. */
  readonly code?: RejectionCode;
  readonly needed?: string;
  readonly available?: string;
  readonly lacking?: string;
  readonly first?: { readonly transfer: number; readonly points: string; readonly at: string };
  readonly remaining?: string;
  readonly blockers?: readonly string[];
  readonly blockerCount?: number;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  /** Sequence of the first transfer, if points moved. */
  readonly transferSequence?: number;
  /** Only for holds. */
  readonly messageId?: string;
  readonly points?: string;
  readonly expiresAt?: string;
  /** Points of the sub-account right after it. */
  readonly remainingAfter?: string;
  /** The event was published before, because its command is a repeat. */
  readonly isRepeat?: true;
}

/** A row of `operation`, typed. */
export interface Operation {
  readonly id: string;
  readonly mainAccountId: string;
  readonly subAccountId: string | null;
  readonly action: RouteId;
  readonly asker: string;
  readonly command: string;
  readonly state: 'pending' | 'done';
  readonly outcome: Outcome | null;
  readonly createdAt: Date;
  readonly doneAt: Date | null;
}

interface StoredOperation {
  id: string;
  mainAccountId: string;
  subAccountId: string | null;
  action: string;
  asker: string;
  command: string;
  state: string;
  outcome: unknown;
  createdAt: Date;
  doneAt: Date | null;
}

export function toOperation(row: StoredOperation): Operation {
  return {
    ...row,
    action: row.action as RouteId,
    state: row.state as Operation['state'],
    outcome: row.outcome as Outcome | null,
  };
}
