/** A clock that only moves on request. Pass `clock.now` as a `() => Date`. */
export class FakeClock {
  #ms: number;

  /** @throws RangeError if the instant is invalid */
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

  /** Moves by this many milliseconds. Negative values move back, like a corrected clock. */
  advance(ms: number): void {
    this.#ms += ms;
  }

  set(instant: string | Date): void {
    this.#ms = FakeClock.#parse(instant);
  }
}
