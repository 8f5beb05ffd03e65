import { ProblemError } from './problem.js';

/**
 * Limits concurrency and queue length; rejects the rest. Work that goes first has a line of its own, of the same length:
 * a full line of others does not turn it away.
 */
export class ConcurrencyLimiter {
  private running = 0;
  private readonly first: (() => void)[] = [];
  private readonly line: (() => void)[] = [];

  constructor(private readonly bounds: { readonly running: number; readonly waiting: number }) {}

  /** @throws ProblemError `too-many-requests` where the line is full; the work was not begun */
  async take<Result>(work: () => Promise<Result>, goesFirst = false): Promise<Result> {
    if (this.running < this.bounds.running) this.running += 1;
    else await this.wait(goesFirst ? this.first : this.line);
    try {
      return await work();
    } finally {
      // The next in line takes over this turn, so that nobody can come in between.
      const next = this.first.shift() ?? this.line.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  private async wait(line: (() => void)[]): Promise<void> {
    if (line.length >= this.bounds.waiting)
      throw new ProblemError('too-many-requests', {}, { 'retry-after': '1' });
    await new Promise<void>((resolve) => line.push(resolve));
  }
}
