import { columns, type Statement } from '@subledger/database';
import type pg from 'pg';
import type { Prisma } from '../generated/prisma/client.js';
import { OUTCOME_CHANNEL } from './outcome-channel.js';

/**
 * A notice of changes for all instances: per main account the changed sub-accounts, or null if they are not named. It
 * is null altogether if even the main accounts are too many to name.
 */
export type ChangeNotice = Readonly<Record<string, readonly string[] | null>> | null;

/** A main account, and its changed sub-account, if any. */
export interface Changed {
  readonly mainAccountId: string;
  readonly subAccountId: string | null;
}

/** Watches every main account. */
export const ALL = '*';
/** PostgreSQL accepts payloads below 8,000 bytes. */
const MAX_BYTES = 7_900;

/**
 * The notice of this transaction's changes, as a row `notice`. There is none if no stream watches the accounts, which
 * is a look into an empty table. It is a part of the SQL statement that makes the change.
 */
export function changeNotice(changed: readonly Changed[]): Statement {
  return {
    name: 'change_notice',
    text: `SELECT CASE WHEN octet_length(whole) <= ${MAX_BYTES} THEN whole
         WHEN octet_length(brief) <= ${MAX_BYTES} THEN brief ELSE '{"changed":null}' END AS notice
       FROM (SELECT count(*) AS mains, json_build_object('changed', json_object_agg(main, subs))::text AS whole,
               json_build_object('changed', json_object_agg(main, NULL::text))::text AS brief
          FROM (SELECT x.main, coalesce(json_agg(x.sub) FILTER (WHERE x.sub IS NOT NULL), '[]') AS subs
                  FROM unnest($1::text[], $2::text[]) AS x (main, sub)
                 WHERE EXISTS (SELECT 1 FROM stream_watch w
                                WHERE w.main_account_id IN (x.main, '${ALL}') AND w.expires_at > now())
                 GROUP BY x.main) AS watched) AS notice
      WHERE mains > 0`,
    values: columns(
      changed,
      (one) => one.mainAccountId,
      (one) => one.subAccountId,
    ),
  };
}

/** The same as a separate SQL statement of a transaction. */
export async function notifyChanges(
  client: Pick<pg.ClientBase, 'query'>,
  changed: readonly Changed[],
): Promise<void> {
  if (changed.length === 0) return;
  const { text, values } = changeNotice(changed);
  await client.query(`SELECT pg_notify($3, notice) FROM (${text}) AS notices`, [...values, OUTCOME_CHANNEL]);
}

/** The same in a transaction of Prisma, for one main account. */
export async function notifyChangesWithin(
  tx: Pick<Prisma.TransactionClient, '$executeRaw'>,
  mainAccountId: string,
): Promise<void> {
  const notice = JSON.stringify({ changed: { [mainAccountId]: null } });
  await tx.$executeRaw`
    SELECT pg_notify(${OUTCOME_CHANNEL}, ${notice}) WHERE EXISTS (
      SELECT 1 FROM stream_watch WHERE main_account_id IN (${mainAccountId}, ${ALL}) AND expires_at > now())`;
}
