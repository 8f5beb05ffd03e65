import { columns } from '@subledger/database';
import type pg from 'pg';
import { endSessionsOf } from '../access/end-sessions.js';
import { notifyChanges } from '../operations/change-notice.js';
import { noteProfileChanges, type ProfileKey } from '../sender-numbers/profile-changes.js';
import { changedBy } from './apply-at-once.js';
import { completeSnapshotPeriods, dropPeriodsOf } from './complete-snapshot-periods.js';
import type { SubRow } from './fold-events.js';
import type { Progress, RefusedSnapshot, Snapshot } from './fold-snapshot.js';
import { snapshotStatementsUpsert } from './period-upserts.js';
import { runStatement } from './run-statement.js';
import type { SnapshotMain } from './snapshot-main.js';
import { mainsUpsert, snapshotTransfersUpsert, subsUpsert } from './upserts.js';

/**
 * Generation of states that a rebuild has marked as outdated. It is lower than all of the ledger's, so that every
 * later state is newer.
 */
export const DOUBTED_GENERATION = -1;

/**
 * Applies parts of a snapshot (docs/decisions/0020). States are written like those of events. A rebuild has marked
 * all earlier states as outdated, so no damaged row counts as newer. Rows that the books do not have are deleted:
 * transfers above their last number, and, after the last part, sub-accounts and statements that no part contained.
 */
export async function applySnapshot(client: pg.PoolClient, snapshot: Snapshot): Promise<void> {
  const { mains, subs, transfers, statements, progress, refused } = snapshot;
  if (mains.length > 0) await runStatement(client, mainsUpsert(mains));
  if (subs.length > 0) await applySubs(client, subs);
  if (transfers.length > 0) await runStatement(client, snapshotTransfersUpsert(transfers));
  if (statements.length > 0) await runStatement(client, snapshotStatementsUpsert(statements));
  await dropTransfersBeyond(client, snapshot);
  const done = await noteProgress(client, progress);
  await dropDoubted(
    client,
    done.map(({ mainAccountId }) => mainAccountId),
  );
  await completeSnapshotPeriods(
    client,
    done.filter(({ history }) => history),
  );
  await dropUnknown(client, refused);
  await notifyChanges(client, changedBy({ mains, subs, outcomes: [] }));
}

async function applySubs(client: pg.PoolClient, subs: readonly SubRow[]): Promise<void> {
  await noteProfileChanges(client, await missingOf(client, subs));
  await runStatement(client, subsUpsert(subs));
  const stopped = subs.filter(({ state }) => state.lifecycle !== 'active').map(keyOf);
  await endSessionsOf(client, stopped);
  await freeNames(client, subs.filter(({ state }) => state.lifecycle === 'deleted').map(keyOf));
}

const keyOf = ({ mainAccountId, state }: SubRow): ProfileKey => ({
  mainAccountId,
  subAccountId: state.subAccountId,
});

interface KeyRow {
  main_account_id: string;
  sub_account_id: string;
}
const toKey = (row: KeyRow): ProfileKey => ({
  mainAccountId: row.main_account_id,
  subAccountId: row.sub_account_id,
});
const keyColumns = (keys: readonly ProfileKey[]) =>
  columns(
    keys,
    (key) => key.mainAccountId,
    (key) => key.subAccountId,
  );

/** Sub-accounts that had no state. While it was missing, a due profile was published as a tombstone. */
async function missingOf(client: pg.PoolClient, subs: readonly SubRow[]): Promise<ProfileKey[]> {
  const { rows } = await client.query<KeyRow>(
    `SELECT x.* FROM unnest($1::text[], $2::text[]) AS x (main_account_id, sub_account_id)
      WHERE NOT EXISTS (SELECT FROM sub_account_state s
        WHERE s.main_account_id = x.main_account_id AND s.sub_account_id = x.sub_account_id)`,
    keyColumns(subs.map(keyOf)),
  );
  return rows.map(toKey);
}

/** Frees names of sub-accounts that the ledger no longer has, and deletes their profiles. */
async function freeNames(client: pg.PoolClient, keys: readonly ProfileKey[]): Promise<void> {
  if (keys.length === 0) return;
  const { rows } = await client.query<KeyRow>(
    `DELETE FROM sub_account_name n USING unnest($1::text[], $2::text[]) AS x (main_account_id, sub_account_id)
      WHERE n.main_account_id = x.main_account_id AND n.sub_account_id = x.sub_account_id
      RETURNING n.main_account_id, n.sub_account_id`,
    keyColumns(keys),
  );
  await noteProfileChanges(client, rows.map(toKey));
}

/** Only if no later event has been applied, because it may have brought transfers that are not counted yet. */
async function dropTransfersBeyond(client: pg.PoolClient, snapshot: Snapshot): Promise<void> {
  const { mains, transferCounts } = snapshot;
  if (mains.length === 0) return;
  await client.query(
    `DELETE FROM transfer t
      USING unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS x (main_account_id, generation, sequence, count)
       JOIN main_account_state m ON m.main_account_id = x.main_account_id
        AND m.generation = x.generation AND m.sequence = x.sequence
      WHERE t.main_account_id = x.main_account_id AND t.sequence > x.count`,
    columns(
      mains,
      (row) => row.mainAccountId,
      (row) => row.generation,
      (row) => row.sequence,
      (row) => transferCounts.get(row.mainAccountId),
    ),
  );
}

interface DoneMain extends SnapshotMain {
  /** Whether transfers and statements are included. Unknown if an older gateway applied the first part. */
  readonly history: boolean;
}

/** @returns the main accounts of which all parts have arrived now */
async function noteProgress(client: pg.PoolClient, progress: readonly Progress[]): Promise<DoneMain[]> {
  if (progress.length === 0) return [];
  const { rows } = await client.query<{
    main_account_id: string;
    history: boolean;
    from_generation: number;
    from_sequence: bigint;
  }>(
    `WITH noted AS (
       UPDATE read_model_rebuild r SET parts = x.last, done_at = CASE WHEN x.is_done THEN now() END,
           from_generation = CASE WHEN x.first = 1 THEN x.generation ELSE r.from_generation END,
           from_sequence = CASE WHEN x.first = 1 THEN x.sequence ELSE r.from_sequence END
         FROM unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::bool[], $6::int[], $7::bigint[])
           AS x (main_account_id, command_id, first, last, is_done, generation, sequence)
        WHERE r.main_account_id = x.main_account_id AND r.command_id = x.command_id AND r.done_at IS NULL
          AND r.parts BETWEEN x.first - 1 AND x.last - 1
       RETURNING r.*)
     SELECT main_account_id, history AND from_sequence IS NOT NULL AS history, from_generation, from_sequence
       FROM noted WHERE done_at IS NOT NULL`,
    columns(
      progress,
      (one) => one.mainAccountId,
      (one) => one.commandId,
      (one) => one.first,
      (one) => one.last,
      (one) => one.isDone,
      (one) => one.generation,
      (one) => one.sequence,
    ),
  );
  return rows.map((row) => ({
    mainAccountId: row.main_account_id,
    history: row.history,
    generation: row.from_generation,
    sequence: Number(row.from_sequence),
  }));
}

/**
 * Deletes sub-accounts that no event and no part has contained since they were marked as outdated: the ledger does
 * not have them.
 */
async function dropDoubted(client: pg.PoolClient, mainAccountIds: readonly string[]): Promise<void> {
  if (mainAccountIds.length === 0) return;
  const { rows } = await client.query<KeyRow>(
    `DELETE FROM sub_account_state WHERE main_account_id = ANY($1::text[]) AND generation = $2
      RETURNING main_account_id, sub_account_id`,
    [mainAccountIds, DOUBTED_GENERATION],
  );
  const gone = rows.map(toKey);
  await noteProfileChanges(client, gone);
  await endSessionsOf(client, gone);
  await freeNames(client, gone);
}

/**
 * Deletes main accounts that the ledger does not have, unless an event has contained them since they were marked as
 * outdated.
 */
async function dropUnknown(client: pg.PoolClient, refused: readonly RefusedSnapshot[]): Promise<void> {
  if (refused.length === 0) return;
  const { rows } = await client.query<{ main_account_id: string }>(
    `UPDATE read_model_rebuild r SET refused = x.code, done_at = now()
       FROM unnest($1::text[], $2::text[], $3::text[]) AS x (main_account_id, command_id, code)
      WHERE r.main_account_id = x.main_account_id AND r.command_id = x.command_id AND r.done_at IS NULL
      RETURNING CASE WHEN x.code = 'main-account-not-found' THEN r.main_account_id END AS main_account_id`,
    columns(
      refused,
      (one) => one.mainAccountId,
      (one) => one.commandId,
      (one) => one.code,
    ),
  );
  const unknown = rows.flatMap((row) => row.main_account_id ?? []);
  if (unknown.length === 0) return;
  await client.query(
    'DELETE FROM main_account_state WHERE main_account_id = ANY($1::text[]) AND generation = $2',
    [unknown, DOUBTED_GENERATION],
  );
  await dropDoubted(client, unknown);
  await client.query(
    `DELETE FROM transfer t WHERE main_account_id = ANY($1::text[])
      AND NOT EXISTS (SELECT FROM main_account_state m WHERE m.main_account_id = t.main_account_id)`,
    [unknown],
  );
  await dropPeriodsOf(client, unknown);
}
