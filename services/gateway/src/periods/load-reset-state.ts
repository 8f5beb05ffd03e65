import { type Points, ZERO } from '@subledger/core';
import { withTransaction } from '@subledger/database';
import pg from 'pg';
import type { ResetMain, ResetSub } from './preview-reset.js';

/** The input of `previewReset`. */
export interface ResetState {
  readonly main: ResetMain;
  readonly subs: readonly ResetSub[];
}

/** Sub-accounts fetched at a time: rows of the driver take several times the memory of the kept objects. */
const CHUNK = 2_000;
/** If an older ledger's events have no order of creation: after all others, by id. */
const NO_ORDINAL = 2_147_483_647;

type SubRow = Omit<ResetSub, 'ordinal' | 'nextLimit'> & {
  readonly ordinal: number | null;
  readonly nextLimit: Points | null;
  readonly period: string;
};
interface MainRow extends Omit<ResetMain, 'nextMonthStart'> {
  readonly nextMonthStart: Date;
  /** Of all sub-accounts together. */
  readonly granted: bigint;
}

/**
 * A main account and its sub-accounts at one moment of the read model.
 * @returns null if the read model is between two events of one decision of the ledger (a month start of very many
 *   sub-accounts comes in several batches); its rows do not add up then, but will a moment later
 * @throws Error if the main account has no state, so look it up first
 */
export function loadResetState(pool: pg.Pool, mainAccountId: string): Promise<ResetState | null> {
  return withTransaction(
    pool,
    async (client) => {
      const { nextMonthStart, granted, ...main } = await loadMain(client, mainAccountId);
      const subs: ResetSub[] = [];
      let remaining: bigint = ZERO;
      let isBehind = false;
      for await (const { period, ...sub } of subsOf(client, mainAccountId)) {
        isBehind ||= period !== main.period;
        remaining += sub.remaining;
        subs.push({ ...sub, ordinal: sub.ordinal ?? NO_ORDINAL });
      }
      if (isBehind || remaining !== granted) return null;
      return { main: { ...main, nextMonthStart: nextMonthStart.getTime() }, subs };
    },
    { isolation: 'repeatable read' },
  );
}

async function loadMain(client: pg.PoolClient, mainAccountId: string): Promise<MainRow> {
  const { rows } = await client.query<MainRow>(
    `SELECT main_account_id AS id, plan, credit_limit AS "creditLimit", funding_policy AS "fundingPolicy",
        time_zone AS "timeZone", next_time_zone AS "nextTimeZone", period, next_month_start AS "nextMonthStart", balance, allocated - held AS granted
       FROM main_account_state WHERE main_account_id = $1`,
    [mainAccountId],
  );
  const [row] = rows;
  if (!row) throw new Error(`${mainAccountId} has no state`);
  return row;
}

/** All sub-accounts except deleted ones, which have and get no points. (DECLARE takes no parameters.) */
async function* subsOf(client: pg.PoolClient, mainAccountId: string): AsyncGenerator<SubRow> {
  await client.query(
    `DECLARE subs NO SCROLL CURSOR FOR
       SELECT sub_account_id AS id, ordinal, lifecycle, priority, limit_points AS "limit", next_limit AS "nextLimit",
         remaining, period
       FROM sub_account_state WHERE main_account_id = ${pg.escapeLiteral(mainAccountId)} AND lifecycle <> 'deleted'
       ORDER BY sub_account_id`,
  );
  for (;;) {
    const { rows } = await client.query<SubRow>(`FETCH ${CHUNK} FROM subs`);
    yield* rows;
    if (rows.length < CHUNK) return;
  }
}
