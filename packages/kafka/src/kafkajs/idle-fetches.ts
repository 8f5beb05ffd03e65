import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';

/** Milliseconds without a record after which a consumer is idle. */
const IDLE_AFTER_MS = 1_000;
/**
 * Milliseconds that an idle consumer's fetch waits at the broker. It ends as soon as a record arrives. What shares its
 * connection waits for it: a heartbeat, a commit, a seek, the consumer's end. All of these have seconds.
 */
export const IDLE_WAIT_MS = 500;

/** What is remembered of a consumer group. */
interface Fetching {
  /** The configured wait. */
  readonly waitMs: number;
  /** `performance.now()` of the last record. */
  lastRecord: number;
}

let applied = false;

/**
 * Lets the fetches of an idle consumer wait longer. kafkajs waits equally long in every fetch. A short wait keeps
 * everything quick that shares the fetch's connection, but an idle consumer then asks up to 200 times a second, and
 * each answer passes through all partitions. While a partition is paused, fetches are short: it may be resumed.
 *
 * @throws Error if kafkajs's consumer group does not have the expected shape
 */
export function waitLongerWhenIdle(): void {
  if (applied) return;
  const prototype = ConsumerGroup?.prototype;
  const original = prototype?.fetch;
  if (typeof original !== 'function')
    throw new Error('kafkajs is not 2.2.4: its consumer group fetches otherwise');
  const known = new WeakMap<ConsumerGroup, Fetching>();
  prototype.fetch = async function (nodeId) {
    let fetching = known.get(this);
    if (!fetching) {
      fetching = { waitMs: this.maxWaitTime, lastRecord: performance.now() };
      known.set(this, fetching);
    }
    const isIdle =
      performance.now() - fetching.lastRecord >= IDLE_AFTER_MS &&
      this.subscriptionState.paused().length === 0;
    this.maxWaitTime = isIdle ? Math.max(IDLE_WAIT_MS, fetching.waitMs) : fetching.waitMs;
    const batches = await original.call(this, nodeId);
    // Also control records and aborted ones: they move the position.
    const some = batches.filter(({ rawMessages }) => rawMessages.length > 0);
    if (some.length > 0) fetching.lastRecord = performance.now();
    // kafkajs would pass every empty batch to a handler of its own.
    return some;
  };
  applied = true;
}
