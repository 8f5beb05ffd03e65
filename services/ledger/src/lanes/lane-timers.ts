import { setTimeout as pause } from 'node:timers/promises';

/** Time and randomness for lanes: those of the process, or those of the simulation, whose runs a seed repeats. */
export interface LaneTimers {
  /** Resolves after this time, or as soon as the signal aborts. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /**
   * Calls once after this time.
   * @returns a function that cancels it
   */
  after(ms: number, call: () => void): () => void;
  /**
   * Calls repeatedly, without keeping the process alive.
   * @returns a function that ends it
   */
  every(ms: number, call: () => void): () => void;
  /** In [0, 1). */
  random(): number;
}

export const processTimers: LaneTimers = {
  sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  every: (ms, call) => {
    const timer = setInterval(call, ms).unref();
    return () => clearInterval(timer);
  },
  random: Math.random,
};
