import { ProblemError } from './problem.js';

/**
 * Limits concurrency and queue length, and rejects the rest. Priority work has its own queue of the same length, so a
 * full normal queue does not reject it.
 */
export class ConcurrencyLimiter {
  #running = 0;
  readonly #first: (() => void)[] = [];
  readonly #line: (() => void)[] = [];

  constructor(private readonly bounds: { readonly running: number; readonly waiting: number }) {}

  /** @throws ProblemError `too-many-requests` if the queue is full; the work was not started */
  async take<Result>(work: () => Promise<Result>, goesFirst = false): Promise<Result> {
    if (this.#running < this.bounds.running) this.#running += 1;
    else await this.#wait(goesFirst ? this.#first : this.#line);
    try {
      return await work();
    } finally {
      // The next one in the queue takes over this place, so that no other can take it in between.
      const next = this.#first.shift() ?? this.#line.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  async #wait(line: (() => void)[]): Promise<void> {
    if (line.length >= this.bounds.waiting)
      throw new ProblemError('too-many-requests', {}, { 'retry-after': '1' });
    await new Promise<void>((resolve) => line.push(resolve));
  }
}
