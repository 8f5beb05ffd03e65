import type pg from 'pg';

/**
 * Runs `work` while this session holds the job's advisory lock. If another replica has the lock, it returns undefined
 * at once. The lock ends with the connection, so a replica that dies leaves nothing behind. It only avoids duplicate
 * work: correctness depends on claims by row, because a connection can be lost during the work. It needs a session,
 * so a transaction-level connection pooler must not be used.
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
    // A connection that cannot unlock must not return to the pool with the lock.
    await client.query('SELECT pg_advisory_unlock_all()').catch((error: unknown) => {
      broken = error instanceof Error ? error : new Error(String(error));
    });
    client.release(broken);
  }
}

/** The schema is part of the key, so that two installations in one database have separate leaders. */
async function tryLock(client: pg.PoolClient, job: string): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    `SELECT pg_try_advisory_lock(hashtextextended('subledger:' || current_schema() || ':' || $1, 0)) AS locked`,
    [job],
  );
  return rows[0]?.locked === true;
}
