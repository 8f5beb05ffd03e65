import { columns, type Statement } from '@subledger/database';
import type pg from 'pg';
import { loginKeyOf } from '../access/login-key.js';
import { entriesUpdate } from '../audit/finish-entries.js';
import { isDirect } from '../operations/direct-runner.js';
import type { Effects, Outcome } from '../operations/operation.js';
import { OUTCOME_CHANNEL } from '../operations/outcome-channel.js';
import { encodeNotice, encodeOutcomes } from '../operations/outcome-notice.js';
import { changeCountries } from '../sender-numbers/change-countries.js';
import { noteProfileChanges, type ProfileKey } from '../sender-numbers/profile-changes.js';
import type { OutcomeRow, SubRow } from './fold-events.js';
import { runStatement } from './run-statement.js';

interface DoneRow {
  id: string;
  main_account_id: string;
  sub_account_id: string | null;
  action: string;
  effects: Effects | null;
  outcome: Outcome;
}

/** Completes the operations of a batch's outcomes, applies their changes here, and notifies waiting requests. */
export async function finishOperations(client: pg.PoolClient, rows: readonly OutcomeRow[]): Promise<void> {
  if (rows.length === 0) return;
  await notifyDirect(client, rows);
  const resume = await startSecondCommands(client, rows);
  const done = await markDone(client, rows);
  if (done.length > 0) await runStatement(client, entriesUpdate(done));
  const accepted = done.filter((row) => row.outcome.code === undefined);
  const refused = done.filter((row) => row.outcome.code !== undefined);
  await applyMainAccountSettings(client, accepted);
  await lockRegisteredNumbers(client, accepted);
  await applySubAccountSettings(client, accepted);
  await noteProfileChanges(client, accepted.flatMap(changedProfile));
  await settleNames(client, accepted);
  await withdraw(client, refused);
  if (done.length === 0 && !resume) return;
  const notice = encodeNotice({ done: done.map((row) => row.id), ...(resume ? { send: true } : {}) });
  await client.query('SELECT pg_notify($1, $2)', [OUTCOME_CHANNEL, notice]);
}

/** Outcomes of direct commands whose requests are not notified yet. */
export const directToNotify = (rows: readonly OutcomeRow[]): OutcomeRow[] =>
  rows.filter(({ commandId, isNotified }) => isDirect(commandId) && !isNotified);

/**
 * Notifies requests that wait for the outcome itself. Some direct commands have become operations meanwhile, and are
 * completed as such too.
 */
async function notifyDirect(client: pg.PoolClient, rows: readonly OutcomeRow[]): Promise<void> {
  const notices = encodeOutcomes({ direct: directToNotify(rows), ended: [] });
  if (notices.length === 0) return;
  await client.query('SELECT pg_notify($1, notice) FROM unnest($2::text[]) AS notice', [
    OUTCOME_CHANNEL,
    notices,
  ]);
}

/** Makes the second command due for operations whose first command was accepted. */
async function startSecondCommands(client: pg.PoolClient, rows: readonly OutcomeRow[]): Promise<boolean> {
  const accepted = rows.filter((row) => row.outcome.code === undefined);
  const { rowCount } = await client.query(
    `UPDATE operation o
        SET command_id = o.then_command_id, command = o.then_command, then_command_id = NULL, then_command = NULL,
            next_send_at = now(), attempts = 0
       FROM unnest($1::text[], $2::text[]) AS x (main_account_id, command_id)
      WHERE o.main_account_id = x.main_account_id AND o.command_id = x.command_id
        AND o.state = 'pending' AND o.then_command_id IS NOT NULL`,
    columns(
      accepted,
      (r) => r.mainAccountId,
      (r) => r.commandId,
    ),
  );
  return (rowCount ?? 0) > 0;
}

/** Completes the operations of these outcomes. Its rows are `DoneRow`s. */
export const doneUpdate = (rows: readonly OutcomeRow[]): Statement => ({
  name: 'done',
  text: `UPDATE operation o SET state = 'done', outcome = x.outcome, done_at = now(), next_send_at = NULL
       FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS x (main_account_id, command_id, outcome)
      WHERE o.main_account_id = x.main_account_id AND o.command_id = x.command_id AND o.state = 'pending'
      RETURNING o.id, o.main_account_id, o.sub_account_id, o.action, o.effects, o.outcome`,
  values: columns(
    rows,
    (r) => r.mainAccountId,
    (r) => r.commandId,
    (r) => JSON.stringify(r.outcome),
  ),
});

async function markDone(client: pg.PoolClient, rows: readonly OutcomeRow[]): Promise<DoneRow[]> {
  const { text, values } = doneUpdate(rows);
  return (await client.query<DoneRow>(text, values)).rows;
}

/**
 * Locks the main account first and its sub-accounts afterwards, like a request that removes numbers. Numbers that
 * were registered at the time of the change may have been removed since. These are left out.
 */
async function lockRegisteredNumbers(client: pg.PoolClient, accepted: readonly DoneRow[]): Promise<void> {
  const ids = accepted.filter((row) => row.effects?.subAccount).map((row) => row.main_account_id);
  if (ids.length === 0) return;
  await client.query('SELECT 1 FROM main_account WHERE id = ANY($1::text[]) ORDER BY id FOR SHARE', [ids]);
}

/** The profile that an accepted operation created or changed, if any. */
function changedProfile({ action, main_account_id, sub_account_id, effects }: DoneRow): ProfileKey[] {
  const isChanged = action === 'createSubAccount' || effects?.subAccount !== undefined;
  if (!isChanged || sub_account_id === null) return [];
  return [{ mainAccountId: main_account_id, subAccountId: sub_account_id }];
}

async function applySubAccountSettings(client: pg.PoolClient, accepted: readonly DoneRow[]): Promise<void> {
  const rows = accepted.filter((row) => row.effects?.subAccount);
  if (rows.length === 0) return;
  await client.query(
    `UPDATE sub_account s
        SET name = coalesce(x.e->>'name', s.name),
            password_hash = coalesce(x.e->>'passwordHash', s.password_hash),
            sender_numbers = CASE WHEN x.e ? 'senderNumbers'
              THEN ARRAY(SELECT n FROM jsonb_array_elements_text(x.e->'senderNumbers') WITH ORDINALITY AS t (n, i)
                          WHERE n = ANY(m.sender_numbers) ORDER BY i)
              ELSE s.sender_numbers END,
            settings_version = s.settings_version + 1, updated_at = now()
       FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS x (main_account_id, id, e)
       JOIN main_account m ON m.id = x.main_account_id
      WHERE s.main_account_id = x.main_account_id AND s.id = x.id`,
    columns(
      rows,
      (r) => r.main_account_id,
      (r) => r.sub_account_id,
      (r) => JSON.stringify(r.effects?.subAccount),
    ),
  );
}

async function applyMainAccountSettings(client: pg.PoolClient, accepted: readonly DoneRow[]): Promise<void> {
  const rows = accepted.filter((row) => row.effects?.mainAccount);
  if (rows.length === 0) return;
  await client.query(
    `UPDATE main_account m
        SET name = coalesce(x.e->>'name', m.name),
            activation_requested_at = CASE WHEN (x.e->>'closesActivationRequest')::bool
              THEN NULL ELSE m.activation_requested_at END,
            activation_note = coalesce(x.e->>'note', m.activation_note),
            updated_at = now()
       FROM unnest($1::text[], $2::jsonb[]) AS x (id, e)
      WHERE m.id = x.id`,
    columns(
      rows,
      (r) => r.main_account_id,
      (r) => JSON.stringify(r.effects?.mainAccount),
    ),
  );
  // Of two changes of one main account the later one wins, as above.
  await changeCountries(
    client,
    new Map(
      rows.flatMap(({ main_account_id: id, effects }) => {
        const country = effects?.mainAccount?.country;
        return country === undefined ? [] : [[id, country] as const];
      }),
    ),
  );
}

/** A reserved name becomes the name, and the old name is free. */
async function settleNames(client: pg.PoolClient, accepted: readonly DoneRow[]): Promise<void> {
  const rows = accepted.filter((row) => row.sub_account_id !== null);
  if (rows.length === 0) return;
  const keys = columns(
    rows,
    (r) => r.main_account_id,
    (r) => r.sub_account_id,
    (r) => r.id,
  );
  await client.query(
    `UPDATE sub_account_name n SET operation_id = NULL
       FROM unnest($1::text[], $2::text[], $3::text[]) AS x (main_account_id, sub_account_id, operation_id)
      WHERE n.main_account_id = x.main_account_id AND n.sub_account_id = x.sub_account_id
        AND n.operation_id = x.operation_id`,
    keys,
  );
  const renamed = rows.filter((row) => row.effects?.subAccount?.name !== undefined);
  if (renamed.length === 0) return;
  await client.query(
    `DELETE FROM sub_account_name n
      USING unnest($1::text[], $2::text[], $3::text[]) AS x (main_account_id, sub_account_id, name_key)
      WHERE n.main_account_id = x.main_account_id AND n.sub_account_id = x.sub_account_id
        AND n.name_key <> x.name_key AND n.operation_id IS NULL`,
    columns(
      renamed,
      (r) => r.main_account_id,
      (r) => r.sub_account_id,
      (r) => loginKeyOf(r.effects?.subAccount?.name ?? ''),
    ),
  );
}

/** Frees what was reserved for a refused operation, and deletes what it would have created. */
async function withdraw(client: pg.PoolClient, refused: readonly DoneRow[]): Promise<void> {
  const ofSubs = refused.filter((row) => row.sub_account_id !== null);
  if (ofSubs.length > 0) {
    await client.query(
      `DELETE FROM sub_account_name n
        USING unnest($1::text[], $2::text[], $3::text[]) AS x (main_account_id, sub_account_id, operation_id)
        WHERE n.main_account_id = x.main_account_id AND n.sub_account_id = x.sub_account_id
          AND n.operation_id = x.operation_id`,
      columns(
        ofSubs,
        (r) => r.main_account_id,
        (r) => r.sub_account_id,
        (r) => r.id,
      ),
    );
  }
  const subs = ofSubs.filter((row) => row.action === 'createSubAccount');
  if (subs.length > 0) {
    await client.query(
      `DELETE FROM sub_account s USING unnest($1::text[], $2::text[]) AS x (main_account_id, id)
        WHERE s.main_account_id = x.main_account_id AND s.id = x.id`,
      columns(
        subs,
        (r) => r.main_account_id,
        (r) => r.sub_account_id,
      ),
    );
  }
  const mains = refused.filter((row) => row.action === 'createMainAccount').map((row) => row.main_account_id);
  if (mains.length > 0) {
    await client.query('DELETE FROM login WHERE main_account_id = ANY($1::text[])', [mains]);
    await client.query('DELETE FROM main_account WHERE id = ANY($1::text[])', [mains]);
  }
}

/** Frees the name of a deleted sub-account, and deletes its profile. */
export async function cleanUpDeleted(client: pg.PoolClient, rows: readonly SubRow[]): Promise<void> {
  const deleted = rows.filter((row) => row.state.lifecycle === 'deleted');
  if (deleted.length === 0) return;
  await noteProfileChanges(
    client,
    deleted.map((row) => ({ mainAccountId: row.mainAccountId, subAccountId: row.state.subAccountId })),
  );
  await client.query(
    `DELETE FROM sub_account_name n USING unnest($1::text[], $2::text[]) AS x (main_account_id, sub_account_id)
      WHERE n.main_account_id = x.main_account_id AND n.sub_account_id = x.sub_account_id`,
    columns(
      deleted,
      (r) => r.mainAccountId,
      (r) => r.state.subAccountId,
    ),
  );
}
