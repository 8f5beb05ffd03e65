import { FencedError, KafkaUnavailableError, type OutgoingRecord } from '@subledger/kafka';
import type { LanePublisher } from '@subledger/ledger/engine';
import { Connection } from '../world/connection.js';
import type { Owner } from '../world/scheduler.js';
import type { World } from '../world/world.js';
import type { Broker } from './broker.js';

const unavailable = (what: string) => new KafkaUnavailableError(`simulated: ${what} was not answered`);

/** How this process reaches the broker. */
export const brokerConnection = (world: World, owner: Owner): Connection =>
  new Connection(world, owner, 'broker', { lost: unavailable, refused: unavailable });

/**
 * Replaces `TransactionalPublisher` with the same contract: one transaction at a time, no automatic opening, broken
 * after any error until `open`, fenced permanently by a newer owner.
 */
export class SimPublisher implements LanePublisher {
  #state: 'closed' | 'open' | 'broken' | 'fenced' = 'closed';
  #epoch = -1;
  #last: Promise<unknown> = Promise.resolve();
  readonly #connection: Connection;

  constructor(
    private readonly world: World,
    private readonly broker: Broker,
    owner: Owner,
    private readonly transactionalId: string,
  ) {
    this.#connection = brokerConnection(world, owner);
  }

  open(): Promise<void> {
    return this.#enqueue(async () => {
      this.#state = 'closed';
      this.#epoch = await this.#connection.request('publisher open', () =>
        this.broker.open(this.transactionalId),
      );
      this.#state = 'open';
    });
  }

  async publish(records: OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.#enqueue(async () => {
      if (this.#state === 'fenced') throw new FencedError(`${this.transactionalId} has a newer owner`);
      if (this.#state !== 'open')
        throw new KafkaUnavailableError(`${this.transactionalId} is ${this.#state}`);
      try {
        await this.#publishWhole(records);
      } catch (error) {
        this.#state = error instanceof FencedError ? 'fenced' : 'broken';
        throw error;
      }
    });
  }

  close(): Promise<void> {
    return this.#enqueue(async () => {
      this.#state = 'closed';
    });
  }

  /** In one or two requests, as for larger sets, and then the commit. */
  async #publishWhole(records: OutgoingRecord[]): Promise<void> {
    const { broker, transactionalId } = this;
    const epoch = this.#epoch;
    const connection = this.#connection;
    const cut = this.world.random.chance(0.2) ? this.world.random.int(1, records.length) : records.length;
    try {
      for (const part of [records.slice(0, cut), records.slice(cut)]) {
        if (part.length === 0) continue;
        await connection.request('publisher send', () => broker.append(transactionalId, epoch, part));
      }
    } catch (error) {
      const abort = () => broker.end(transactionalId, epoch, 'aborted');
      if (!(error instanceof FencedError))
        await connection.request('publisher abort', abort).catch(() => undefined);
      throw error;
    }
    await connection.request('publisher commit', () => broker.end(transactionalId, epoch, 'committed'));
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
