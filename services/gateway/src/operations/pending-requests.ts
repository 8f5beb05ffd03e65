import type { Logger } from '@subledger/service-kit';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { Outcome } from './operation.js';

/** Polling intervals of waiting requests: beside notifications, and while these cannot arrive. */
const SAFETY_POLL_MS = 1_000;
const UNNOTIFIED_POLL_MS = 150;

/**
 * Requests of this instance that wait for the outcome of their operation. The read model's batch wakes them, or its
 * notification if it ran on another instance. While the listening connection is down, they poll.
 */
export class PendingRequests {
  readonly #waiting = new Map<string, Set<(outcome?: Outcome) => void>>();
  readonly #outcomeOnly = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #listening = false;
  #looking = false;
  #lookAgain = false;

  constructor(
    private readonly prisma: PrismaClient,
    private readonly log: Logger,
  ) {}

  /**
   * Resolves when the operation is done, or after `timeoutMs`.
   * @param isOutcomeOnly whether the operation is known to change nothing but itself
   * @returns its outcome, if the notice contained it; otherwise look up whether the operation is done
   */
  wait(operationId: string, timeoutMs: number, isOutcomeOnly = false): Promise<Outcome | undefined> {
    if (isOutcomeOnly) this.#outcomeOnly.add(operationId);
    return new Promise((resolve) => {
      const wakers = this.#waiting.get(operationId) ?? new Set();
      this.#waiting.set(operationId, wakers);
      const leave = (outcome?: Outcome) => {
        clearTimeout(timer);
        wakers.delete(leave);
        if (wakers.size === 0 && this.#waiting.get(operationId) === wakers) {
          this.#waiting.delete(operationId);
          this.#outcomeOnly.delete(operationId);
        }
        resolve(outcome);
      };
      const timer = setTimeout(() => leave(), timeoutMs);
      wakers.add(leave);
      this.#schedule();
    });
  }

  /**
   * Whether notifications arrive. After each change all waiting requests look, because some notifications may have
   * been missed.
   */
  setListening(listening: boolean): void {
    this.#listening = listening;
    void this.look();
  }

  /** Whether a request of this instance waits for the operation and knows that only its outcome must be stored. */
  knowsAsOutcomeOnly(operationId: string): boolean {
    return this.#outcomeOnly.has(operationId);
  }

  wake(operationId: string, outcome?: Outcome): void {
    for (const leave of [...(this.#waiting.get(operationId) ?? [])]) leave(outcome);
  }

  /** Queries the database for waiting operations that are done. One query at a time. */
  async look(): Promise<void> {
    if (this.#waiting.size === 0) return;
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    try {
      const done = await this.prisma.operation.findMany({
        where: { id: { in: [...this.#waiting.keys()] }, state: 'done' },
        select: { id: true },
      });
      for (const { id } of done) this.wake(id);
    } catch (error) {
      this.log.debug({ err: error }, 'waiting requests could not look for their outcomes');
    } finally {
      this.#looking = false;
      if (this.#lookAgain) {
        this.#lookAgain = false;
        void this.look();
      }
    }
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#waiting.size === 0) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.look().finally(() => this.#schedule());
      },
      this.#listening ? SAFETY_POLL_MS : UNNOTIFIED_POLL_MS,
    );
    this.#timer.unref();
  }
}
