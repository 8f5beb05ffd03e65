import type { Outcome } from './operation.js';

/** The outcome of a command that no operation stands for, as it is told to all instances. */
export interface DirectOutcome {
  readonly mainAccountId: string;
  readonly commandId: string;
  readonly outcome: Outcome;
}

interface Waiter {
  readonly leave: (outcome: Outcome | undefined) => void;
  readonly isMine: (outcome: Outcome) => boolean;
}

/** Requests of this instance that wait for the outcome of a command of their own, not of an operation. */
export class PendingDirectRequests {
  private readonly waiting = new Map<string, Set<Waiter>>();

  /**
   * @param isMine whether an outcome is of this request, and not of another one with its Idempotency-Key
   * @returns the outcome, whosever it is; undefined when none came within `timeoutMs`
   */
  wait(
    { mainAccountId, commandId }: Pick<DirectOutcome, 'mainAccountId' | 'commandId'>,
    isMine: Waiter['isMine'],
    timeoutMs: number,
  ): Promise<Outcome | undefined> {
    const key = keyOf(mainAccountId, commandId);
    return new Promise((resolve) => {
      const waiters = this.waiting.get(key) ?? new Set();
      this.waiting.set(key, waiters);
      const leave: Waiter['leave'] = (outcome) => {
        clearTimeout(timer);
        waiters.delete(waiter);
        if (waiters.size === 0 && this.waiting.get(key) === waiters) this.waiting.delete(key);
        resolve(outcome);
      };
      const waiter = { leave, isMine };
      const timer = setTimeout(() => leave(undefined), timeoutMs);
      waiters.add(waiter);
    });
  }

  /**
   * Several requests may wait for one command: the same Idempotency-Key at the same moment. Only the first of them is
   * told that it was new.
   *
   * @returns whether it was that of a request of this instance. If not, it is another instance's, also where a request
   *   of this one was told it as a conflict
   */
  notify({ mainAccountId, commandId, outcome }: DirectOutcome): boolean {
    const waiters = [...(this.waiting.get(keyOf(mainAccountId, commandId)) ?? [])];
    const theirs = waiters.filter(({ isMine }) => isMine(outcome));
    const [first, ...repeats] = theirs;
    first?.leave(outcome);
    for (const { leave } of repeats) leave({ ...outcome, isRepeat: true });
    for (const { leave, isMine } of waiters) if (!isMine(outcome)) leave(outcome);
    return first !== undefined;
  }

  get isEmpty(): boolean {
    return this.waiting.size === 0;
  }
}

const keyOf = (mainAccountId: string, commandId: string): string => `${mainAccountId} ${commandId}`;
