/** Lets at most so many lanes into the database at a time, in the order in which they came. */
export class DatabaseGate {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  /** @param places 3 keep PostgreSQL and one core of this process busy; more only make each lane wait longer */
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
