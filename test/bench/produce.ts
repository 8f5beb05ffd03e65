import type { OutgoingRecord, RecordProducer } from '@subledger/kafka';

const BATCH = 2_000;

/** Produces all of them, one batch after the other. @returns how many */
export async function produce(producer: RecordProducer, records: Iterable<OutgoingRecord>): Promise<number> {
  let count = 0;
  for (const batch of batches(records, BATCH)) {
    await producer.send(batch);
    count += batch.length;
  }
  return count;
}

/** Produces until `signal` aborts, at most `backlog` records ahead of the processed ones. */
export async function produceAhead(
  producer: RecordProducer,
  records: Iterable<OutgoingRecord>,
  options: {
    readonly backlog: number;
    readonly done: () => Promise<number>;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const { backlog, done, signal } = options;
  let count = 0;
  for (const batch of batches(records, Math.min(BATCH, backlog))) {
    while (!signal.aborted && count + batch.length - (await done()) > backlog) await pause();
    if (signal.aborted) break;
    await producer.send(batch);
    count += batch.length;
  }
  return count;
}

const PAUSE_MS = 100;
const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

function* batches<Item>(items: Iterable<Item>, size: number): Generator<Item[]> {
  let batch: Item[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
