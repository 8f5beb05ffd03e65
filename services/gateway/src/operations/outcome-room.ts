import type { Outcome } from './operation.js';

/** The outcome of a command that no operation stands for, as it is told to all instances. */
export interface DirectOutcome {
  readonly mainAccountId: string;
  readonly commandId: string;
  readonly outcome: Outcome;
}

type Waiter = (outcome: Outcome | undefined) => void;

/** Requests of this instance that wait for the outcome of a command of their own, not of an operation. */
export class OutcomeRoom {
  private readonly waiting = new Map<string, Set<Waiter>>();

  /** @returns the outcome; undefined when it did not come within `timeoutMs` */
  wait(mainAccountId: string, commandId: string, timeoutMs: number): Promise<Outcome | undefined> {
    const key = keyOf(mainAccountId, commandId);
    return new Promise((resolve) => {
      const waiters = this.waiting.get(key) ?? new Set();
      this.waiting.set(key, waiters);
      const leave: Waiter = (outcome) => {
        clearTimeout(timer);
        waiters.delete(leave);
        if (waiters.size === 0 && this.waiting.get(key) === waiters) this.waiting.delete(key);
        resolve(outcome);
      };
      const timer = setTimeout(() => leave(undefined), timeoutMs);
      waiters.add(leave);
    });
  }

  /** @returns whether a request of this instance waited for it */
  tell({ mainAccountId, commandId, outcome }: DirectOutcome): boolean {
    const waiters = [...(this.waiting.get(keyOf(mainAccountId, commandId)) ?? [])];
    for (const leave of waiters) leave(outcome);
    return waiters.length > 0;
  }

  get isEmpty(): boolean {
    return this.waiting.size === 0;
  }
}

const keyOf = (mainAccountId: string, commandId: string): string => `${mainAccountId} ${commandId}`;
