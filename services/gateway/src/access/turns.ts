import { ProblemError } from '../http/problem.js';

/** Bounds work that is heavy: so much at once, so much in line, and whoever comes then is turned away. */
export class Turns {
  private running = 0;
  private readonly line: (() => void)[] = [];

  constructor(private readonly bounds: { readonly running: number; readonly waiting: number }) {}

  /** @throws ProblemError `too-many-requests` where the line is full; the work was not begun */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.running < this.bounds.running) this.running += 1;
    else await this.wait();
    try {
      return await work();
    } finally {
      // The next in line takes over this turn, so that nobody can come in between.
      const next = this.line.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  private async wait(): Promise<void> {
    if (this.line.length >= this.bounds.waiting)
      throw new ProblemError('too-many-requests', {}, { 'retry-after': '1' });
    await new Promise<void>((resolve) => this.line.push(resolve));
  }
}
