import type pg from 'pg';
import type { Transaction } from '../database/transaction.js';

/**
 * Gives main accounts their countries. Profiles name the country, so each sub-account of one that changed gets a new
 * version of its settings, and is noted to be published. The main account's row comes first, as for sender numbers.
 */
const CHANGE = `WITH changed AS (
    UPDATE main_account m SET country = x.country, updated_at = now()
      FROM unnest($1::text[], $2::text[]) AS x (id, country)
     WHERE m.id = x.id AND m.country <> x.country RETURNING m.id),
  renewed AS (
    UPDATE sub_account SET settings_version = settings_version + 1, updated_at = now()
     WHERE main_account_id IN (SELECT id FROM changed) RETURNING main_account_id, id)
  INSERT INTO profile_change (main_account_id, sub_account_id) SELECT main_account_id, id FROM renewed`;

/** By main account. */
export type Countries = ReadonlyMap<string, string>;

export async function changeCountries(
  client: Pick<pg.ClientBase, 'query'>,
  countries: Countries,
): Promise<void> {
  if (countries.size > 0) await client.query(CHANGE, [[...countries.keys()], [...countries.values()]]);
}

/** The same in one of Prisma's transactions. */
export async function changeCountriesWithin(tx: Transaction, countries: Countries): Promise<void> {
  if (countries.size > 0) await tx.$executeRawUnsafe(CHANGE, [...countries.keys()], [...countries.values()]);
}
