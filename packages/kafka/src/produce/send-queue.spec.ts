import { describe, expect, test } from '@jest/globals';
import type { OutgoingRecord } from '../config.js';
import { SendQueue } from './send-queue.js';

const RECORD_BYTES = 100;

/** A record of just `RECORD_BYTES` by the estimate. */
function record(name: string): OutgoingRecord {
  return { topic: 't', key: name.padEnd(10, '.'), value: 'v'.repeat(20) };
}
function records(...names: string[]): OutgoingRecord[] {
  return names.map(record);
}
function names(batches: { records: OutgoingRecord[] }[]): string[] {
  return batches.flatMap((batch) => batch.records.map((one) => one.key!.replaceAll('.', '')));
}
function queue(maxRecords: number, maxBuffered = 100, now = () => 0): SendQueue {
  return new SendQueue({
    maxBatchBytes: maxRecords * RECORD_BYTES,
    maxBufferedBytes: maxBuffered * RECORD_BYTES,
    deliveryTimeoutMs: 1_000,
    now,
  });
}
async function isSettled(promise: Promise<void>): Promise<boolean> {
  const open = Symbol();
  const result = await Promise.race([
    promise.catch(() => undefined),
    new Promise((r) => setImmediate(r, open)),
  ]);
  return result !== open;
}

describe('SendQueue', () => {
  test('calls share a request, in their order', async () => {
    const sends = queue(10);
    const first = sends.add(records('a', 'b'));
    const second = sends.add(records('c'));
    const batches = sends.next();
    expect(names(batches)).toEqual(['a', 'b', 'c']);
    expect(sends.next()).toEqual([]);
    sends.acknowledge(batches[0]!);
    expect(await isSettled(first)).toBe(true);
    expect(await isSettled(second)).toBe(false);
  });

  test('a large call is cut, and done when all of it is acknowledged', async () => {
    const sends = queue(2);
    const done = sends.add(records('a', 'b', 'c'));
    const first = sends.next();
    sends.add(records('d'));
    const second = sends.next();
    expect([names(first), names(second)]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    sends.acknowledge(first[0]!);
    expect(await isSettled(done)).toBe(false);
    sends.acknowledge(second[0]!);
    expect(await isSettled(done)).toBe(true);
  });

  test('a record larger than a request goes alone', () => {
    const sends = queue(1);
    sends.add([{ ...record('big'), value: 'x'.repeat(5_000) }]);
    sends.add(records('a'));
    expect(names(sends.next())).toEqual(['big']);
    expect(names(sends.next())).toEqual(['a']);
  });

  test('beyond the buffer a call waits for free space, and later calls wait behind it', async () => {
    const sends = queue(10, 3);
    sends.add(records('a', 'b'));
    const waiting = sends.add(records('c', 'd'));
    sends.add(records('e'));
    expect(sends.bufferedBytes).toBe(2 * RECORD_BYTES);
    const batches = sends.next();
    expect(names(batches)).toEqual(['a', 'b']);
    expect(sends.next()).toEqual([]);
    sends.acknowledge(batches[0]!);
    expect(names(sends.next())).toEqual(['c', 'd', 'e']);
    expect(await isSettled(waiting)).toBe(false);
  });

  test('a call larger than the whole buffer is taken when the buffer is empty', () => {
    const sends = queue(10, 2);
    sends.add(records('a', 'b', 'c'));
    expect(names(sends.next())).toEqual(['a', 'b', 'c']);
  });

  test('the time-out rejects sent, queued and delayed calls; the rest of a split call is not sent', async () => {
    let now = 0;
    const sends = queue(2, 4, () => now);
    const cut = sends.add(records('a', 'b', 'c'));
    const waiting = sends.add(records('d', 'e'));
    const inFlight = sends.next();
    expect(names(inFlight)).toEqual(['a', 'b']);
    now = 500;
    const later = sends.add(records('f'));
    now = 1_000;
    expect(sends.expire(new Error('down'))).toBe(2);
    await expect(cut).rejects.toThrow('Not acknowledged within 1000 ms');
    await expect(waiting).rejects.toThrow('Not acknowledged');
    expect(inFlight[0]!.entry.settled).toBe(true);
    expect(names(sends.next())).toEqual(['f']);
    expect(await isSettled(later)).toBe(false);
    expect(sends.bufferedBytes).toBe(RECORD_BYTES);
  });

  test('a failed call does not take its neighbours with it', async () => {
    const sends = queue(10);
    const bad = sends.add(records('a'));
    const good = sends.add(records('b'));
    const [first, second] = sends.next();
    sends.fail(first!, new Error('refused'));
    sends.acknowledge(second!);
    await expect(bad).rejects.toThrow('refused');
    await expect(good).resolves.toBeUndefined();
    expect(sends.bufferedBytes).toBe(0);
  });
});
