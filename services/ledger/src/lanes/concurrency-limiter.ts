/**
 * Number of places that a piece of work takes. It is computed when the work starts, so that it includes records that
 * arrived during the wait.
 */
export type Weigh = () => number;

const ONE: Weigh = () => 1;

/**
 * Limits how many lanes do the same work at a time. Waiting lanes start in order of arrival. A few large batches keep
 * a server busy. With more, each batch would wait longer, and a lane's next batch grows while it waits.
 */
export class ConcurrencyLimiter {
  #free: number;
  readonly #waiting: { readonly weigh: Weigh; readonly enter: (weight: number) => void }[] = [];

  constructor(private readonly places: number) {
    this.#free = places;
  }

  /** Runs the work as soon as there are enough places, and frees them afterwards, also if it fails. */
  async run<T>(work: () => Promise<T>, weigh: Weigh = ONE): Promise<T> {
    const weight =
      (this.#waiting.length === 0 ? this.#take(weigh) : null) ??
      (await new Promise<number>((enter) => this.#waiting.push({ weigh, enter })));
    try {
      return await work();
    } finally {
      this.#free += weight;
      this.#admit();
    }
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const weight = this.#take(next.weigh);
      if (weight === null) return;
      this.#waiting.shift();
      next.enter(weight);
    }
  }

  /** @returns the number of places taken, or null if there are not enough */
  #take(weigh: Weigh): number | null {
    // If it needs more than all places, it runs alone.
    const weight = Math.min(weigh(), this.places);
    if (weight > this.#free) return null;
    this.#free -= weight;
    return weight;
  }
}
