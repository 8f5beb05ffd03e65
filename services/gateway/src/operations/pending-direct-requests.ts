import type { Outcome } from './operation.js';

/** The outcome of a command without an operation, as all instances are notified of it. */
export interface DirectOutcome {
  readonly mainAccountId: string;
  readonly commandId: string;
  readonly outcome: Outcome;
}

interface Waiter {
  readonly leave: (outcome: Outcome | undefined) => void;
  readonly isMine: (outcome: Outcome) => boolean;
}

/** Requests of this instance that wait for the outcome of a command without an operation. */
export class PendingDirectRequests {
  readonly #waiting = new Map<string, Set<Waiter>>();

  /**
   * @param isMine whether an outcome belongs to this request, and not to another one with the same Idempotency-Key
   * @returns the outcome, possibly of another request, or undefined if none came within `timeoutMs`
   */
  wait(
    { mainAccountId, commandId }: Pick<DirectOutcome, 'mainAccountId' | 'commandId'>,
    isMine: Waiter['isMine'],
    timeoutMs: number,
  ): Promise<Outcome | undefined> {
    const key = keyOf(mainAccountId, commandId);
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, waiters);
      const leave: Waiter['leave'] = (outcome) => {
        clearTimeout(timer);
        waiters.delete(waiter);
        if (waiters.size === 0 && this.#waiting.get(key) === waiters) this.#waiting.delete(key);
        resolve(outcome);
      };
      const waiter = { leave, isMine };
      const timer = setTimeout(() => leave(undefined), timeoutMs);
      waiters.add(waiter);
    });
  }

  /**
   * Passes an outcome to its waiting requests. Several requests may wait for one command: concurrent ones with the
   * same Idempotency-Key. Only the first gets the outcome as new.
   *
   *
   * @returns whether a request of this instance made the command. If not, another instance's request did, even if a
   *   request of this instance got the outcome as a conflict
   */
  notify({ mainAccountId, commandId, outcome }: DirectOutcome): boolean {
    const waiters = [...(this.#waiting.get(keyOf(mainAccountId, commandId)) ?? [])];
    const theirs = waiters.filter(({ isMine }) => isMine(outcome));
    const [first, ...repeats] = theirs;
    first?.leave(outcome);
    for (const { leave } of repeats) leave({ ...outcome, isRepeat: true });
    for (const { leave, isMine } of waiters) if (!isMine(outcome)) leave(outcome);
    return first !== undefined;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }
}

const keyOf = (mainAccountId: string, commandId: string): string => `${mainAccountId} ${commandId}`;
