import type pg from 'pg';

/**
 * Runs `work` while this session holds the job's advisory lock; answers undefined at once where another replica has
 * it. The lock ends with the connection, so a replica that dies leaves nothing behind. It spares double work and no
 * more: correctness rests on claims by row, since a connection can be lost in mid-work. Needs a session, so no
 * transaction-level connection pooler in between.
 */
export async function withLeaderLock<T>(
  pool: pg.Pool,
  job: string,
  work: () => Promise<T>,
): Promise<{ readonly result: T } | undefined> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    if (!(await tryLock(client, job))) return undefined;
    return { result: await work() };
  } finally {
    // A connection that cannot unlock must not go back to the pool with the lock on it.
    await client.query('SELECT pg_advisory_unlock_all()').catch((error: unknown) => {
      broken = error instanceof Error ? error : new Error(String(error));
    });
    client.release(broken);
  }
}

/** The schema is part of the key: two installations in one database do not lead one another. */
async function tryLock(client: pg.PoolClient, job: string): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    `SELECT pg_try_advisory_lock(hashtextextended('subledger:' || current_schema() || ':' || $1, 0)) AS locked`,
    [job],
  );
  return rows[0]?.locked === true;
}
