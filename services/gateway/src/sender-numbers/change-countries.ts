import type pg from 'pg';
import type { Transaction } from '../database/transaction.js';

/**
 * Sets main accounts' countries. Profiles contain the country, so every sub-account of a changed main account gets a
 * new version of its settings and a note to publish its profile. The main account's row is locked first, as for
 * sender numbers.
 */
const CHANGE = `WITH changed AS (
    UPDATE main_account m SET country = x.country, updated_at = now()
      FROM unnest($1::text[], $2::text[]) AS x (id, country)
     WHERE m.id = x.id AND m.country <> x.country RETURNING m.id),
  renewed AS (
    UPDATE sub_account SET settings_version = settings_version + 1, updated_at = now()
     WHERE main_account_id IN (SELECT id FROM changed) RETURNING main_account_id, id)
  INSERT INTO profile_change (main_account_id, sub_account_id) SELECT main_account_id, id FROM renewed`;

/** Country by main account. */
export type Countries = ReadonlyMap<string, string>;

export async function changeCountries(
  client: Pick<pg.ClientBase, 'query'>,
  countries: Countries,
): Promise<void> {
  if (countries.size > 0) await client.query(CHANGE, [[...countries.keys()], [...countries.values()]]);
}

/** The same in a transaction of Prisma. */
export async function changeCountriesWithin(tx: Transaction, countries: Countries): Promise<void> {
  if (countries.size > 0) await tx.$executeRawUnsafe(CHANGE, [...countries.keys()], [...countries.values()]);
}
