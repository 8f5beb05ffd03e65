import { setTimeout as sleep } from 'node:timers/promises';

/** Spreads work over time: at most `perSecond` units, counted from the first. */
export class Pace {
  #nextAtMs = 0;

  constructor(
    private readonly perSecond: number,
    private readonly nowMs: () => number = () => performance.now(),
    private readonly wait: (ms: number, signal: AbortSignal) => Promise<void> = async (ms, signal) => {
      await sleep(ms, undefined, { signal });
    },
  ) {}

  /**
   * Waits until `units` more units are allowed.
   *
   *
   * @throws AbortError if the signal aborts first
   */
  async take(units: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const nowMs = this.nowMs();
    const startMs = Math.max(nowMs, this.#nextAtMs);
    this.#nextAtMs = startMs + (units / this.perSecond) * 1_000;
    if (startMs > nowMs) await this.wait(startMs - nowMs, signal);
  }
}
