import { TOPICS } from '@subledger/contracts';
import { FencedError, type KafkaRecord, type OutgoingRecord, partitionFor } from '@subledger/kafka';
import { SERVERS } from '../world/scheduler.js';
import type { World } from '../world/world.js';
import { type BrokerTransaction, Partition } from './partition.js';

/** Milliseconds after which the coordinator aborts an open transaction, as for the real publisher. */
const TRANSACTION_TIMEOUT_MS = 15_000;

interface Producer {
  epoch: number;
  transaction: { readonly state: BrokerTransaction; readonly touched: Set<Partition> } | null;
}

/** A broker in memory: logs, the broker's clock on every record, and the coordinator of transactions. */
export class Broker {
  readonly #partitions = new Map<string, Partition>();
  readonly #producers = new Map<string, Producer>();

  constructor(
    private readonly world: World,
    readonly partitionCount: number,
  ) {
    for (const topic of Object.values(TOPICS))
      for (let number = 0; number < partitionCount; number += 1)
        this.#partitions.set(`${topic}:${number}`, new Partition(topic, number));
  }

  partition(topic: string, number: number): Partition {
    return this.#partitions.get(`${topic}:${number}`) as Partition;
  }

  /** All logs of a topic, in order of partition. */
  logsOf(topic: string): Partition[] {
    return [...this.#partitions.values()].filter((partition) => partition.topic === topic);
  }

  /** Writes a client's record: without a transaction, by default on the partition of its key. */
  produce({ topic, key, value, headers = {}, partition }: OutgoingRecord): KafkaRecord {
    return this.#home(topic, key, partition).append(
      { key, value: toBuffer(value), headers },
      this.#clock,
      null,
    );
  }

  /**
   * Registers a new owner of a transactional id. Older owners are fenced, and their open transaction is aborted.
   * @returns its epoch
   */
  open(transactionalId: string): number {
    const producer = this.#producers.get(transactionalId) ?? { epoch: -1, transaction: null };
    this.#producers.set(transactionalId, producer);
    this.#finish(producer, 'aborted');
    producer.epoch += 1;
    return producer.epoch;
  }

  /** @throws FencedError */
  append(transactionalId: string, epoch: number, records: readonly OutgoingRecord[]): void {
    const producer = this.#ownedBy(transactionalId, epoch);
    producer.transaction ??= this.#begin(transactionalId, producer);
    const { state, touched } = producer.transaction;
    for (const { topic, key, value, headers = {}, partition } of records) {
      const home = this.#home(topic, key, partition);
      home.append({ key, value: toBuffer(value), headers }, this.#clock, state);
      touched.add(home);
    }
  }

  /** @throws FencedError */
  end(transactionalId: string, epoch: number, outcome: 'committed' | 'aborted'): void {
    this.#finish(this.#ownedBy(transactionalId, epoch), outcome);
  }

  get #clock(): number {
    return Math.floor(this.world.scheduler.now);
  }

  #home(topic: string, key: string | null, partition: number | undefined): Partition {
    const number = partition ?? (key === null ? 0 : partitionFor(key, this.partitionCount));
    return this.partition(topic, number);
  }

  #ownedBy(transactionalId: string, epoch: number): Producer {
    const producer = this.#producers.get(transactionalId);
    if (producer?.epoch !== epoch) {
      this.world.cover('fence:publisher');
      this.world.trace(`broker fenced ${transactionalId} epoch ${epoch}`);
      throw new FencedError(`${transactionalId} has a newer owner`);
    }
    return producer;
  }

  #begin(transactionalId: string, producer: Producer): NonNullable<Producer['transaction']> {
    const transaction = { state: { transactionalId, state: 'open' as const }, touched: new Set<Partition>() };
    this.world.scheduler.after(TRANSACTION_TIMEOUT_MS, SERVERS, () => {
      if (producer.transaction !== transaction) return;
      this.world.cover('fault:transaction timed out');
      this.world.trace(`broker ended ${transactionalId}: transaction timed out`);
      this.#finish(producer, 'aborted');
      // Its owner must not continue it.
      producer.epoch += 1;
    });
    return transaction;
  }

  #finish(producer: Producer, outcome: 'committed' | 'aborted'): void {
    const { transaction } = producer;
    if (!transaction) return;
    producer.transaction = null;
    transaction.state.state = outcome;
    this.world.cover(`transaction:${outcome}`);
    for (const partition of transaction.touched) partition.mark(transaction.state);
  }
}

const toBuffer = (value: string | Buffer | null): Buffer | null =>
  typeof value === 'string' ? Buffer.from(value) : value;
