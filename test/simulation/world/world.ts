import { SeededRandom } from '@subledger/simulator';
import { type Owner, Scheduler } from './scheduler.js';

/** The simulated world found a violation: a forbidden request to a server. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure';
}

/** Fault rates. All are probabilities per occasion, 0 to 1. */
export interface FaultRates {
  /** Per request to a server. */
  readonly request: number;
  /** Per request or answer of a process: it is killed there. */
  readonly crash: number;
  /** Per step of the run: a fault of a process or a server. */
  readonly event: number;
  /** Per step: a backup is restored, a topic is recreated, or retention passes. */
  readonly disaster: number;
}

export const NO_FAULTS: FaultRates = { request: 0, crash: 0, event: 0, disaster: 0 };

/** The shared parts of a run: clock, random numbers, faults, and coverage. */
export class World {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  /** How often each thing happened, by `kind:name`. */
  readonly covered = new Map<string, number>();
  rates: FaultRates = NO_FAULTS;
  /** Unavailable servers, by name. */
  readonly away = new Set<'database' | 'broker'>();
  /** Raised when a server is stopped: requests on the way to it are lost. */
  readonly resets = { database: 0, broker: 0 };
  /** Called at every request and answer of a process. It may kill the process. */
  onPoint: (owner: Owner, what: string) => void = () => undefined;
  #isBroken: Error | undefined;

  constructor(seed: number, start: number) {
    this.random = new SeededRandom(seed);
    this.scheduler = new Scheduler(start);
  }

  cover(what: string, count = 1): void {
    this.covered.set(what, (this.covered.get(what) ?? 0) + count);
  }

  countOf(what: string): number {
    return this.covered.get(what) ?? 0;
  }

  trace(line: string): void {
    this.scheduler.trace(line);
  }

  /** Ends the run after this step, because the ledger must not be able to swallow the violation. */
  fail(detail: string): void {
    this.#isBroken ??= new SimulationFailure(detail);
  }

  /** @throws the violation that `fail` noted */
  assertWhole(): void {
    if (this.#isBroken) throw this.#isBroken;
  }

  /** Milliseconds that a message between two machines takes. */
  latency(): number {
    return 0.2 + this.random.next() * 4;
  }
}
