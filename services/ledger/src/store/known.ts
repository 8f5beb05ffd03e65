/** Something of a main account, by an id that others chose. */
export interface OwnedId {
  readonly mainAccountId: string;
  readonly id: string;
}

/** The ids that a batch's records can touch; repeats do no harm. */
export interface TouchedIds {
  readonly holds: readonly OwnedId[];
  readonly charges: readonly OwnedId[];
  readonly refunds: readonly OwnedId[];
  readonly references: readonly OwnedId[];
  readonly commands: readonly OwnedId[];
}

/** The outcome that a command id had before. */
export interface KnownCommand {
  readonly contentHash: string;
  /** 0 where it was refused without books. */
  readonly eventSequence: number;
  /** The event's JSON text as it was published. */
  readonly payload: string;
}

/** Key of a command in `loadCommands`' answer. Neither id can contain the separator. */
export const commandKey = (mainAccountId: string, commandId: string): string =>
  `${mainAccountId} ${commandId}`;
