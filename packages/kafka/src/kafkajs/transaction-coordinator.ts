import { setTimeout as sleep } from 'node:timers/promises';
import Cluster from 'kafkajs/src/cluster/index.js';
import { isNonTransactional, realId } from './plain-producer.js';

/** Requests of kafkajs to the coordinator of a transactional id. The shapes here are those of 2.2.4. */
const REQUESTS = ['initProducerId', 'addPartitionsToTxn', 'endTxn', 'addOffsetsToTxn'] as const;
type Request = (typeof REQUESTS)[number];
type CoordinatingBroker = { nodeId: string | number } & Record<Request, (args: object) => Promise<unknown>>;

/** Kafka's code for coordinators of transactions; 0 is for those of groups. */
const TRANSACTION = 1;
/**
 * The coordinator is still writing the markers of the previous transaction, which takes a millisecond or two. These
 * are the milliseconds to wait before each further attempt. After the last, kafkajs's own retries follow.
 */
const BUSY_WAITS_MS = [1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 32];
/** Answers of a broker that did nothing, because another broker is the coordinator now. */
const MOVED = new Set(['NOT_COORDINATOR_FOR_GROUP', 'GROUP_COORDINATOR_NOT_AVAILABLE']);

/**
 * The coordinator of one transactional id, remembered until a request fails. It replaces the broker that kafkajs
 * expects.
 */
class TransactionCoordinator {
  readonly #find: () => Promise<CoordinatingBroker>;
  readonly #broker: (nodeId: string | number) => Promise<CoordinatingBroker>;
  #nodeId: string | number | undefined;

  constructor(
    find: () => Promise<CoordinatingBroker>,
    broker: (nodeId: string | number) => Promise<CoordinatingBroker>,
  ) {
    this.#find = find;
    this.#broker = broker;
  }

  readonly initProducerId = (args: { transactionalId: string }) =>
    this.#ask('initProducerId', { ...args, transactionalId: realId(args.transactionalId) });
  readonly addPartitionsToTxn = (args: { transactionalId: string }) =>
    this.#askInTransaction('addPartitionsToTxn', args);
  readonly endTxn = (args: { transactionalId: string }) => this.#askInTransaction('endTxn', args);
  readonly addOffsetsToTxn = (args: object) => this.#ask('addOffsetsToTxn', args);

  /** A producer that writes outside of transactions has no partitions to add and no transaction to end. */
  async #askInTransaction(request: Request, args: { transactionalId: string }): Promise<unknown> {
    return isNonTransactional(args.transactionalId) ? undefined : this.#ask(request, args);
  }

  async #ask(request: Request, args: object): Promise<unknown> {
    let hasMoved = false;
    for (let busy = 0; ; ) {
      try {
        const broker = await this.#current();
        return await broker[request](args);
      } catch (error) {
        const type = (error as { type?: string }).type ?? '';
        if (type === 'CONCURRENT_TRANSACTIONS' && busy < BUSY_WAITS_MS.length) {
          await sleep(BUSY_WAITS_MS[busy]);
          busy += 1;
          continue;
        }
        this.#nodeId = undefined;
        if (!MOVED.has(type) || hasMoved) throw error;
        hasMoved = true;
      }
    }
  }

  async #current(): Promise<CoordinatingBroker> {
    if (this.#nodeId !== undefined) {
      try {
        return await this.#broker(this.#nodeId);
      } catch {
        // Unreachable or gone from the cluster: kafkajs refreshes what it knows of it while it looks.
      }
    }
    const found = await this.#find();
    this.#nodeId = found.nodeId;
    return found;
  }
}

let applied = false;

/**
 * kafkajs looks up the coordinator for each request to it, which is two of five round trips of a small transaction.
 * If the coordinator is busy, kafkajs waits for at least 10 ms and fetches all metadata. Here the coordinator is kept
 * until it moves, and tried again after a millisecond.
 *
 * Fencing does not change: the coordinator decides the owner from the epoch in every request.
 *
 *
 * @throws Error if kafkajs's cluster does not have the expected shape
 */
export function rememberTransactionCoordinators(): void {
  if (applied) return;
  const prototype = Cluster?.prototype;
  const original = prototype?.findGroupCoordinator;
  if (typeof original !== 'function' || typeof prototype.findBroker !== 'function')
    throw new Error('kafkajs is not 2.2.4: its cluster has another shape');
  /** A client has one cluster. The remembered coordinators are dropped with it. */
  const remembered = new WeakMap<Cluster, Map<string, TransactionCoordinator>>();
  prototype.findGroupCoordinator = async function (wanted) {
    if (wanted.coordinatorType !== TRANSACTION) return original.call(this, wanted);
    const asked = { ...wanted, groupId: realId(wanted.groupId) };
    let ofCluster = remembered.get(this);
    if (!ofCluster) {
      ofCluster = new Map();
      remembered.set(this, ofCluster);
    }
    let coordinator = ofCluster.get(wanted.groupId);
    if (!coordinator) {
      coordinator = new TransactionCoordinator(
        () => original.call(this, asked) as Promise<CoordinatingBroker>,
        (nodeId) => this.findBroker({ nodeId }) as Promise<CoordinatingBroker>,
      );
      ofCluster.set(wanted.groupId, coordinator);
    }
    return coordinator;
  };
  applied = true;
}
