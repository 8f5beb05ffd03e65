import { columns, withTransaction } from '@subledger/database';
import type pg from 'pg';
import { DOUBTED_GENERATION } from '../read-model/apply-snapshot.js';

/** Any number: the advisory lock of a rebuild. */
const LOCK = 7_355_608_020n;
/** States marked as outdated per SQL statement. The read model waits for their rows during it. */
const DOUBTED_AT_A_TIME = 2_000;

export interface Order {
  readonly mainAccountId: string;
  readonly commandId: string;
}

/**
 * Takes the lock and lists the main accounts to request: those with rows in this schema.
 * @param history whether transfers and statements are requested too
 * @returns whether the lock was free; it ends with the connection
 */
export async function beginRebuild(
  holder: pg.PoolClient,
  main: string | undefined,
  history: boolean,
): Promise<boolean> {
  const { rows } = await holder.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1::bigint) AS mine', [
    LOCK,
  ]);
  if (!rows[0]?.mine) return false;
  await holder.query('DELETE FROM read_model_rebuild');
  await holder.query(
    `INSERT INTO read_model_rebuild (main_account_id, history)
      SELECT id, $2 FROM (SELECT id FROM main_account UNION SELECT main_account_id FROM main_account_state
        UNION SELECT main_account_id FROM sub_account_state) AS known (id)
       WHERE $1::text IS NULL OR id = $1`,
    [main ?? null, history],
  );
  return true;
}

/**
 * Marks the states of these main accounts as outdated, so that every later part or event of the ledger counts as
 * newer. Their figures are kept and shown until then.
 */
export async function doubtStates(pool: pg.Pool, mainAccountIds: readonly string[]): Promise<void> {
  const doubted = [mainAccountIds, DOUBTED_GENERATION];
  // Locked in the order of the read model's own writes.
  await pool.query(
    `UPDATE main_account_state s SET generation = $2 FROM (
       SELECT main_account_id FROM main_account_state WHERE main_account_id = ANY($1::text[])
        ORDER BY main_account_id FOR UPDATE) x
      WHERE s.main_account_id = x.main_account_id`,
    doubted,
  );
  for (const id of mainAccountIds) await doubtSubs(pool, id);
}

async function doubtSubs(pool: pg.Pool, mainAccountId: string): Promise<void> {
  for (let after = ''; ; ) {
    const { rows } = await pool.query<{ sub_account_id: string }>(
      `WITH page AS (
         SELECT sub_account_id FROM sub_account_state WHERE main_account_id = $1 AND sub_account_id > $2
          ORDER BY sub_account_id LIMIT $3 FOR UPDATE),
       doubted AS (
         UPDATE sub_account_state s SET generation = $4 FROM page
          WHERE s.main_account_id = $1 AND s.sub_account_id = page.sub_account_id)
       SELECT sub_account_id FROM page ORDER BY sub_account_id`,
      [mainAccountId, after, DOUBTED_AT_A_TIME, DOUBTED_GENERATION],
    );
    const last = rows.at(-1);
    if (!last || rows.length < DOUBTED_AT_A_TIME) return;
    after = last.sub_account_id;
  }
}

/**
 * The rows of `read_model_rebuild`: the requests, and how much of their answers the running gateways have applied.
 */
export class RebuildRows {
  constructor(private readonly pool: pg.Pool) {}

  async count(): Promise<number> {
    const { rows } = await this.pool.query<{ count: bigint }>('SELECT count(*) FROM read_model_rebuild');
    return Number(rows[0]?.count);
  }

  /** Main accounts after one of them, in the database's order. */
  async next(after: string, max: number): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>(
      `SELECT main_account_id AS id FROM read_model_rebuild WHERE main_account_id > $1
        ORDER BY main_account_id LIMIT $2`,
      [after, max],
    );
    return rows.map((row) => row.id);
  }

  /** From now on only parts with these causes count. */
  async ask(orders: readonly Order[]): Promise<void> {
    await withTransaction(this.pool, (client) =>
      client.query(
        `UPDATE read_model_rebuild r SET command_id = x.command_id, parts = 0, asked_at = now()
           FROM unnest($1::text[], $2::text[]) AS x (main_account_id, command_id)
          WHERE r.main_account_id = x.main_account_id AND r.done_at IS NULL`,
        columns(
          orders,
          (order) => order.mainAccountId,
          (order) => order.commandId,
        ),
      ),
    );
  }

  async look(
    mainAccountIds: readonly string[],
  ): Promise<{ mainAccountId: string; parts: number; isDone: boolean }[]> {
    const { rows } = await this.pool.query<{ id: string; parts: number; is_done: boolean }>(
      `SELECT main_account_id AS id, parts, done_at IS NOT NULL AS is_done FROM read_model_rebuild
        WHERE main_account_id = ANY($1::text[])`,
      [mainAccountIds],
    );
    return rows.map((row) => ({ mainAccountId: row.id, parts: row.parts, isDone: row.is_done }));
  }

  /** The result: the number of rebuilt main accounts, and the others by reason. */
  async result(): Promise<{ done: number; unknown: string[]; refused: string[]; left: string[] }> {
    const { rows } = await this.pool.query<{ id: string; refused: string | null }>(
      `SELECT main_account_id AS id, refused FROM read_model_rebuild WHERE refused IS NOT NULL OR done_at IS NULL
        ORDER BY main_account_id`,
    );
    const of = (isIt: (refused: string | null) => boolean) =>
      rows.filter((row) => isIt(row.refused)).map((row) => row.id);
    return {
      done: (await this.count()) - rows.length,
      unknown: of((code) => code === NOT_FOUND),
      refused: of((code) => code !== null && code !== NOT_FOUND),
      left: of((code) => code === null),
    };
  }
}

const NOT_FOUND = 'main-account-not-found';
