/** Places that a work takes; asked when it is its turn, so that it can count what has come while it waited. */
export type Weigh = () => number;

const ONE: Weigh = () => 1;

/**
 * Lets lanes do the same thing at a time as far as there are places, in the order in which they came. A few large
 * batches at once keep a server busy; more make each wait longer, and while a lane waits, what it will do next grows.
 */
export class ConcurrencyLimiter {
  private free: number;
  private readonly waiting: { readonly weigh: Weigh; readonly enter: (weight: number) => void }[] = [];

  constructor(private readonly places: number) {
    this.free = places;
  }

  /** Runs the work once there are places for it (at once, where there are), and gives them on, whatever becomes of it. */
  async run<T>(work: () => Promise<T>, weigh: Weigh = ONE): Promise<T> {
    const weight =
      (this.waiting.length === 0 ? this.take(weigh) : null) ??
      (await new Promise<number>((enter) => this.waiting.push({ weigh, enter })));
    try {
      return await work();
    } finally {
      this.free += weight;
      this.admit();
    }
  }

  private admit(): void {
    for (let next = this.waiting[0]; next; next = this.waiting[0]) {
      const weight = this.take(next.weigh);
      if (weight === null) return;
      this.waiting.shift();
      next.enter(weight);
    }
  }

  /** @returns the places taken; null where there are not enough */
  private take(weigh: Weigh): number | null {
    // Heavier than all places together: it enters alone.
    const weight = Math.min(weigh(), this.places);
    if (weight > this.free) return null;
    this.free -= weight;
    return weight;
  }
}
