/**
 * Lets at most so many lanes do the same thing at a time, in the order in which they came. A few at once keep a
 * server busy; more make each wait longer, and while a lane waits, what it will do next grows.
 */
export class Turnstile {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(places: number) {
    this.free = places;
  }

  /** Runs the work once there is a place, and gives the place on, whatever becomes of the work. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
