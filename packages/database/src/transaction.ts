import type pg from 'pg';
import { isConnectionError } from './connection-errors.js';

export type IsolationLevel = 'read committed' | 'repeatable read' | 'serializable';

export interface TransactionOptions {
  /** Default: the server's, `read committed`. */
  readonly isolation?: IsolationLevel;
}

/**
 * The connection broke during COMMIT, so the transaction may or may not have happened. Before repeating it, read
 * whether it is there. `isConnectionError` is true for it.
 */
export class CommitInDoubtError extends Error {
  override readonly name = 'CommitInDoubtError';
  constructor(cause: unknown) {
    super('The connection was lost during COMMIT; whether it took effect is unknown', { cause });
  }
}

/**
 * Runs `fn` in one transaction on one connection. It commits if `fn` resolves. If `fn` rejects, it rolls back and
 * rethrows the error. A broken connection is destroyed and never returned to the pool.
 *
 *
 * @throws CommitInDoubtError if the connection is lost during COMMIT
 * @throws the error of `fn`, or an error of the pool if there is no connection in time
 */
export async function withTransaction<T>(
  pool: pg.Pool,
  fn: (client: pg.PoolClient) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(
      options.isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${options.isolation}`,
    );
    const result = await fn(client);
    await commit(client);
    return result;
  } catch (error) {
    broken = await rollback(client, error);
    throw error;
  } finally {
    client.release(broken);
  }
}

async function commit(client: pg.PoolClient): Promise<void> {
  let answer: pg.QueryResult;
  try {
    answer = await client.query('COMMIT');
  } catch (error) {
    throw isConnectionError(error) ? new CommitInDoubtError(error) : error;
  }
  // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error. This happens if `fn` swallowed the
  // error of one of its statements.
  if (answer.command !== 'COMMIT') {
    throw new Error(
      'The transaction was rolled back: one of its statements had failed, unnoticed by its caller',
    );
  }
}

/** @returns the error that makes the connection unfit for the pool, if any */
async function rollback(client: pg.PoolClient, error: unknown): Promise<Error | undefined> {
  if (isConnectionError(error)) return asError(error);
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (rollbackError) {
    return asError(rollbackError);
  }
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
