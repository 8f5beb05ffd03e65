import { setTimeout as sleep } from 'node:timers/promises';
import { TOPICS } from '@subledger/contracts';
import { type KafkaConfig, partitionFor, TransactionalPublisher } from '@subledger/kafka';
import type { Logger } from '@subledger/service-kit';
import type pg from 'pg';
import type { ProfileKey } from './profile-changes.js';
import { readProfiles } from './read-profiles.js';

/** Any number, the same in every instance: the advisory lock for publishing profiles. */
const LOCK = 7_355_608_001n;
const TRANSACTIONAL_ID = 'gateway-profiles';
const BATCH = 500;
const POLL_MS = 250;
/**
 * Milliseconds after which an instance that does not publish checks for the lock again. Also the pause after a
 * failure.
 */
const STAND_BY_MS = 1_000;
/** A broker that does not answer must not delay the end of the process. */
const CLOSE_MS = 3_000;

interface Change {
  id: bigint;
  main_account_id: string;
  sub_account_id: string;
}

/**
 * Publishes changed profiles, in order and at least once (docs/decisions/0009). One instance at a time does it: it
 * holds an advisory lock on its own connection. An instance that lost the lock without noticing cannot overwrite a
 * newer profile, because the next one fences its transactional id before it publishes.
 */
export class ProfileRelay {
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /**
   * @param pool of one connection, which this object keeps
   * @param partitions to which profiles are written. The topic may have more by now: a key stays in the partition of
   *   its older records, because compaction works per partition
   */
  constructor(
    private readonly pool: pg.Pool,
    private readonly kafka: KafkaConfig,
    private readonly partitions: number,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#running = this.#run();
  }

  /** Unpublished profiles are published by another instance, or after the next start. */
  async close(): Promise<void> {
    this.#stopping.abort();
    const ended = this.#running.then(() => this.pool.end());
    await Promise.race([ended, sleep(CLOSE_MS, undefined, { ref: false })]);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#lead();
      } catch (error) {
        if (!this.#stopping.signal.aborted) this.log.warn({ err: error }, 'profiles wait to be published');
      }
      await this.#pause(STAND_BY_MS);
    }
  }

  /**
   * Waits for the lock, then publishes until the lock is lost or this is closed.
   * @throws the error that ended it
   */
  async #lead(): Promise<void> {
    const client = await this.pool.connect();
    const publisher = new TransactionalPublisher(this.kafka, TRANSACTIONAL_ID);
    try {
      while (!(await tryLock(client))) {
        await this.#pause(STAND_BY_MS);
        if (this.#stopping.signal.aborted) return;
      }
      await publisher.open();
      while (!this.#stopping.signal.aborted) {
        const count = await relay(client, publisher, this.partitions);
        if (count < BATCH) await this.#pause(POLL_MS);
      }
    } finally {
      await publisher.close();
      // Closed instead of returned to the pool, because the lock ends with the connection.
      client.release(true);
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }
}

async function tryLock(client: pg.PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1::bigint) AS mine', [
    LOCK,
  ]);
  return rows[0]?.mine ?? false;
}

/**
 * Publishes one batch: the noted changes in order, each profile in its current state. After a crash before the notes
 * are deleted, they are published again.
 *
 *
 * @returns the number of notes
 */
async function relay(
  client: pg.PoolClient,
  publisher: TransactionalPublisher,
  partitions: number,
): Promise<number> {
  const { rows } = await client.query<Change>(
    'SELECT id, main_account_id, sub_account_id FROM profile_change ORDER BY id LIMIT $1',
    [BATCH],
  );
  if (rows.length === 0) return 0;
  const keys = new Map<string, ProfileKey>(
    rows.map((row) => [
      row.sub_account_id,
      { mainAccountId: row.main_account_id, subAccountId: row.sub_account_id },
    ]),
  );
  const profiles = await readProfiles(client, [...keys.values()]);
  await publisher.publish(
    [...keys.keys()].map((key) => {
      const profile = profiles.get(key);
      const partition = partitionFor(key, partitions);
      return { topic: TOPICS.profiles, partition, key, value: profile ? JSON.stringify(profile) : null };
    }),
  );
  await client.query('DELETE FROM profile_change WHERE id = ANY($1::bigint[])', [rows.map(({ id }) => id)]);
  return rows.length;
}
