import type { SubAccountState } from '@subledger/contracts';
import { columns } from '@subledger/database';
import type pg from 'pg';
import type { LedgerEvent } from '../events/parse-events.js';
import { type Position, type PreviousStates, subKey } from './find-webhook-events.js';
import type { Mark, PreviousSubState } from './previous-sub-state.js';

interface StoredSub {
  main_account_id: string;
  sub_account_id: string;
  name: string | null;
  lifecycle: string | null;
  period: string;
  cap: bigint;
  used: bigint;
  remaining: bigint;
  shortfall: bigint;
  marks: Mark[] | null;
}

/**
 * Locks the main accounts of a batch in the same order as every other writer of the read model. So two instances with
 * the same events cannot both find the same webhook events.
 *
 *
 * @param locked all main accounts of the batch, because the later upsert would otherwise lock those without a webhook
 *   out of order
 */
export async function lockPositions(
  client: Pick<pg.ClientBase, 'query'>,
  locked: readonly string[],
): Promise<Map<string, Position>> {
  const { rows } = await client.query<{ main_account_id: string; generation: number; sequence: bigint }>(
    `SELECT main_account_id, generation, sequence FROM main_account_state
      WHERE main_account_id = ANY($1::text[]) ORDER BY main_account_id COLLATE "C" FOR NO KEY UPDATE`,
    [locked],
  );
  return new Map(
    rows.map((row) => [row.main_account_id, { generation: row.generation, sequence: Number(row.sequence) }]),
  );
}

/** The read model's states of the sub-accounts in these events. `positions` are locked. */
export async function readPreviousStates(
  client: Pick<pg.ClientBase, 'query'>,
  events: readonly LedgerEvent[],
  positions: ReadonlyMap<string, Position>,
): Promise<PreviousStates> {
  const ids = new Map(events.flatMap(idsOf).map((id) => [subKey(id.mainAccountId, id.subAccountId), id]));
  const { rows } = await client.query<StoredSub>(
    `SELECT x.main_account_id, x.sub_account_id, s.name, st.lifecycle, st.period, st.limit_points + st.boost AS cap,
            st.used, st.remaining, st.shortfall, k.marks
       FROM unnest($1::text[], $2::text[]) AS x (main_account_id, sub_account_id)
       LEFT JOIN sub_account s ON s.main_account_id = x.main_account_id AND s.id = x.sub_account_id
       LEFT JOIN sub_account_state st
         ON st.main_account_id = x.main_account_id AND st.sub_account_id = x.sub_account_id
       LEFT JOIN webhook_mark k ON k.main_account_id = x.main_account_id AND k.sub_account_id = x.sub_account_id
        AND k.period = st.period`,
    columns(
      [...ids.values()],
      (id) => id.mainAccountId,
      (id) => id.subAccountId,
    ),
  );
  const keyOf = (row: StoredSub) => subKey(row.main_account_id, row.sub_account_id);
  return {
    positions,
    subs: new Map(
      rows.flatMap((row) => (row.lifecycle === null ? [] : [[keyOf(row), previousStateOf(row)]])),
    ),
    names: new Map(rows.flatMap((row) => (row.name === null ? [] : [[keyOf(row), row.name]]))),
  };
}

function idsOf({ data }: LedgerEvent): { mainAccountId: string; subAccountId: string }[] {
  const { subAccount } = data as { subAccount?: SubAccountState };
  return subAccount ? [{ mainAccountId: data.mainAccountId, subAccountId: subAccount.subAccountId }] : [];
}

const previousStateOf = (row: StoredSub): PreviousSubState => ({
  period: row.period,
  isActive: row.lifecycle === 'active',
  cap: row.cap,
  used: row.used,
  remaining: row.remaining,
  shortfall: row.shortfall,
  marks: new Set(row.marks),
});

/** Stores the marks that a batch changed. */
export async function writeMarks(
  client: Pick<pg.ClientBase, 'query'>,
  before: PreviousStates,
  after: PreviousStates,
): Promise<void> {
  const changed = [...after.subs].filter(([key, sub]) => {
    const old = before.subs.get(key);
    const had = old?.period === sub.period ? old.marks : new Set<Mark>();
    return had.size !== sub.marks.size || [...had].some((mark) => !sub.marks.has(mark));
  });
  if (changed.length === 0) return;
  // Arrays of different lengths do not fit into a two-dimensional array, so each is a text.
  await client.query(
    `INSERT INTO webhook_mark AS t (main_account_id, sub_account_id, period, marks)
     SELECT a, b, c, string_to_array(d, ',') FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS x (a, b, c, d)
     ON CONFLICT (main_account_id, sub_account_id) DO UPDATE SET period = excluded.period, marks = excluded.marks`,
    columns(
      changed.sort(([a], [b]) => (a < b ? -1 : 1)),
      ([key]) => key.split(' ')[0],
      ([key]) => key.split(' ')[1],
      ([, sub]) => sub.period,
      ([, sub]) => [...sub.marks].join(','),
    ),
  );
}
