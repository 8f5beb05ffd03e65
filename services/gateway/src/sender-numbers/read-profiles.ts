import { type ProfileRecord, toE164 } from '@subledger/contracts';
import { columns } from '@subledger/database';
import type pg from 'pg';
import type { ProfileKey } from './profile-changes.js';

interface Row {
  main_account_id: string;
  id: string;
  name: string;
  sender_numbers: string[];
  country: string;
  settings_version: number;
  updated_at: Date;
}

/** Current profiles by sub-account, without those of sub-accounts that are deleted or were never opened. */
export async function readProfiles(
  client: Pick<pg.ClientBase, 'query'>,
  keys: readonly ProfileKey[],
): Promise<Map<string, ProfileRecord>> {
  const { rows } = await client.query<Row>(
    `SELECT s.main_account_id, s.id, s.name, s.sender_numbers, m.country, s.settings_version, s.updated_at
       FROM unnest($1::text[], $2::text[]) AS x (main_account_id, id)
       JOIN sub_account s ON s.main_account_id = x.main_account_id AND s.id = x.id
       JOIN main_account m ON m.id = s.main_account_id
       JOIN sub_account_state st ON st.main_account_id = s.main_account_id AND st.sub_account_id = s.id
      WHERE st.lifecycle <> 'deleted'`,
    columns(
      keys,
      (key) => key.mainAccountId,
      (key) => key.subAccountId,
    ),
  );
  return new Map(rows.map((row) => [row.id, toProfile(row)]));
}

/** Older rows have numbers as they were written, such as `+81050…`. */
const inE164 = (numbers: readonly string[], country: string): string[] => [
  ...new Set(numbers.map((number) => toE164(number, country) ?? number)),
];

const toProfile = (row: Row): ProfileRecord => ({
  subAccountId: row.id,
  mainAccountId: row.main_account_id,
  name: row.name,
  senderNumbers: inE164(row.sender_numbers, row.country),
  country: row.country,
  version: row.settings_version,
  updatedAt: row.updated_at.toISOString(),
});
