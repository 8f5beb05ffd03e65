import { type Owner, SERVERS } from './scheduler.js';
import type { World } from './world.js';

export type RequestFault =
  | 'request-lost'
  | 'answer-lost'
  | 'slow-request'
  | 'slow-answer'
  | 'ghost'
  | 'refused';

const FAULTS: readonly RequestFault[] = [
  'request-lost',
  'answer-lost',
  'answer-lost',
  'slow-request',
  'slow-answer',
  'ghost',
  'refused',
];

/** The errors of a lost connection, and of a transient refusal. */
export interface ConnectionErrors {
  readonly lost: (what: string) => Error;
  readonly refused: (what: string) => Error;
}

/** Milliseconds of a slow server: sometimes longer than the publisher's transaction time-out. */
const SLOW_MS = 20_000;

/** A process's connection to a server: requests and answers take time, and may get lost. */
export class Connection {
  constructor(
    private readonly world: World,
    private readonly owner: Owner,
    private readonly server: 'database' | 'broker',
    private readonly errors: ConnectionErrors,
  ) {}

  /**
   * Sends a request to the server. Its effect happens there at once, whatever happens to the sender: a sent request
   * is also carried out for a dead process.
   */
  request<T>(what: string, effect: () => T): Promise<T> {
    const { world, owner } = this;
    if (owner.state === 'dead') return new Promise(() => undefined);
    world.onPoint(owner, `${what} asked`);
    // A process that died while sending may have sent its request.
    if ((owner.state as string) === 'dead' && world.random.chance(0.5)) return new Promise(() => undefined);
    const fault = this.#draw(what);
    const resets = world.resets[this.server];
    const isReset = () => world.resets[this.server] !== resets;
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void) => {
        const delay = world.latency() + (fault === 'slow-answer' ? world.random.next() * SLOW_MS : 0);
        world.scheduler.after(delay, owner, () => {
          world.onPoint(owner, `${what} answered`);
          // An answer to a dead process is dropped.
          if (owner.state !== 'dead') settle();
        });
      };
      const lose = () => answer(() => reject(this.errors.lost(what)));
      if (fault === 'ghost') {
        // Given up here, but carried out there much later.
        world.scheduler.after(world.random.next() * SLOW_MS, SERVERS, () => {
          if (!isReset()) quietly(effect);
        });
        return lose();
      }
      if (fault === 'request-lost') return lose();
      const delay = world.latency() + (fault === 'slow-request' ? world.random.next() * SLOW_MS : 0);
      world.scheduler.after(delay, SERVERS, () => {
        if (world.away.has(this.server) || isReset()) return lose();
        if (fault === 'refused') return answer(() => reject(this.errors.refused(what)));
        let result: T;
        try {
          result = effect();
        } catch (error) {
          return answer(() => reject(error));
        }
        if (fault === 'answer-lost') return lose();
        answer(() => resolve(result));
      });
    });
  }

  #draw(what: string): RequestFault | undefined {
    const { world } = this;
    if (!world.random.chance(world.rates.request)) return undefined;
    const fault = world.random.pick(FAULTS);
    world.cover(`fault:${this.server} ${fault}`);
    world.cover(`point:${what} ${fault}`);
    world.trace(`${this.owner.name} ${what}: ${fault}`);
    return fault;
  }
}

function quietly(effect: () => unknown): void {
  try {
    effect();
  } catch {
    // Nobody waits for the answer.
  }
}
