import { open, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LedgerHarness } from './ledger-harness.js';

/**
 * Changes a bit of a record in the broker's own file, like a failing disk. The broker serves the file unchanged, so
 * the batch arrives with a wrong checksum.
 *
 *
 * @param words text of the record that occurs nowhere else in the partition
 */
export async function spoilBatch(
  { prefix }: LedgerHarness,
  topic: string,
  partition: number,
  words: string,
): Promise<void> {
  const file = await open(await segmentOf(`${prefix}${topic}-${partition}`), 'r+');
  try {
    const at = (await file.readFile()).indexOf(words);
    if (at < 0) throw new Error(`the log of ${topic} ${partition} does not have "${words}"`);
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
    buffer[0] = (buffer[0] as number) ^ 1;
    await file.write(buffer, 0, 1, at);
  } finally {
    await file.close();
  }
}

/** In the folder of the test servers, see `startTestServers`. */
async function segmentOf(folder: string): Promise<string> {
  for (const home of await readdir(tmpdir())) {
    if (!home.startsWith('subledger-test-')) continue;
    const log = join(tmpdir(), home, 'kafka/data', folder);
    const [first] = await readdir(log).catch(() => []);
    if (first !== undefined) return join(log, '00000000000000000000.log');
  }
  throw new Error(`no test broker on this machine has ${folder}: is TEST_KAFKA_BROKERS elsewhere?`);
}
