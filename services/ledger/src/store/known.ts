/** An object of a main account, by an id that another system chose. */
export interface OwnedId {
  readonly mainAccountId: string;
  readonly id: string;
}

/** An open hold whose end has passed. Its id is the message's. */
export interface DueHold extends OwnedId {
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** The ids that a batch's records may need. Repeats do no harm. */
export interface TouchedIds {
  readonly holds: readonly OwnedId[];
  readonly charges: readonly OwnedId[];
  readonly refunds: readonly OwnedId[];
  readonly references: readonly OwnedId[];
  readonly commands: readonly OwnedId[];
}

/** The earlier outcome of a command id. */
export interface KnownCommand {
  readonly contentHash: string;
  /** The event's JSON text as published. Null if its block of the journal is damaged. */
  readonly payload: string | null;
}

/** Key of a command in the result of `loadCommands`. Neither id can contain the separator. */
export const commandKey = (mainAccountId: string, commandId: string): string =>
  `${mainAccountId} ${commandId}`;
