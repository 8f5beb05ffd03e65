interface Reading<Value> {
  readonly running: Promise<Value>;
  /** For all callers during the current query. It begins when that is finished. */
  next: Promise<Value> | undefined;
}

/**
 * Lets concurrent readers of the same key share a query. A caller never gets the result of a query that began before
 * its call, so earlier changes are always included. At most one query per key is under way.
 */
export class SharedRead<Value> {
  readonly #readings = new Map<string, Reading<Value>>();

  constructor(private readonly read: (key: string) => Promise<Value>) {}

  /** @throws the query's error */
  get(key: string): Promise<Value> {
    const reading = this.#readings.get(key);
    if (!reading) return this.#start(key);
    const again = () => this.#start(key);
    reading.next ??= reading.running.then(again, again);
    return reading.next;
  }

  #start(key: string): Promise<Value> {
    const running = this.read(key);
    const reading: Reading<Value> = { running, next: undefined };
    this.#readings.set(key, reading);
    const end = () => {
      if (this.#readings.get(key) === reading && reading.next === undefined) this.#readings.delete(key);
    };
    running.then(end, end);
    return running;
  }
}
