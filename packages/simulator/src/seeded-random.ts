/** A generator of numbers in [0, 1) from a 32-bit seed: small, fast, and the same on every machine. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const MAX_SEED = 2 ** 31;

/** Random choices that a printed seed repeats. */
export class SeededRandom {
  readonly seed: number;
  readonly #next: () => number;

  constructor(seed: number) {
    this.seed = seed;
    this.#next = mulberry32(seed);
  }

  /**
   * Takes the seed from `TEST_SEED` or makes one, and prints it, so that a failure can be repeated.
   *
   *
   * @throws RangeError if TEST_SEED is not a whole number from 0 to 2^31 − 1
   */
  static announced(what: string, print: (line: string) => void = (line) => process.stderr.write(line)) {
    const given = process.env.TEST_SEED;
    const seed = given ? Number(given) : Math.floor(Math.random() * MAX_SEED);
    if (!Number.isInteger(seed) || seed < 0 || seed >= MAX_SEED)
      throw new RangeError('TEST_SEED must be a whole number from 0 to 2147483647');
    print(`${what}: TEST_SEED=${seed}\n`);
    return new SeededRandom(seed);
  }

  /** In [0, 1). */
  next(): number {
    return this.#next();
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.#next() * (max - min + 1));
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** @throws RangeError if there are no items */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError('Nothing to pick from');
    return items[this.int(0, items.length - 1)] as Item;
  }

  /** The same items in another order. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = this.int(0, last);
      [shuffled[last], shuffled[other]] = [shuffled[other] as Item, shuffled[last] as Item];
    }
    return shuffled;
  }

  /** An independent generator, so that its use does not change the numbers of this one. */
  fork(): SeededRandom {
    return new SeededRandom(this.int(0, MAX_SEED - 1));
  }
}
