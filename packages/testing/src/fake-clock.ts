/** A clock that stands still until it is told to move. Pass `clock.now` where a `() => Date` is taken. */
export class FakeClock {
  #ms: number;

  /** @throws RangeError when the instant cannot be read */
  constructor(instant: string | Date = '2026-11-23T00:00:00Z') {
    this.#ms = FakeClock.#parse(instant);
  }

  static #parse(instant: string | Date): number {
    const ms = new Date(instant).getTime();
    if (Number.isNaN(ms)) throw new RangeError(`Not an instant: ${String(instant)}`);
    return ms;
  }

  readonly now = (): Date => new Date(this.#ms);
  readonly nowMs = (): number => this.#ms;

  iso(): string {
    return this.now().toISOString();
  }

  /** Moves on by so many milliseconds; negative ones go back, as a clock that is corrected does. */
  advance(ms: number): void {
    this.#ms += ms;
  }

  set(instant: string | Date): void {
    this.#ms = FakeClock.#parse(instant);
  }
}
