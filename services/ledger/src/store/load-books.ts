import { Books, type SubAccount } from '@subledger/core';
import { textArray } from '@subledger/database';
import type pg from 'pg';
import { type EventPlace, eventTexts, placeKey } from '../journal/journal-store.js';
import {
  type ChargeRow,
  type HoldRow,
  type MainRow,
  type ReferenceRow,
  type RefundRow,
  type SubRow,
  toCharge,
  toHold,
  toMainAccount,
  toReference,
  toRefund,
  toSubAccount,
} from './book-rows.js';
import { commandKey, type KnownCommand, type OwnedId, type TouchedIds } from './known.js';
import { subAccountsPage } from './snapshot-pages.js';

/**
 * Complete books of main accounts: the main account's row and all its sub-accounts. An unknown id gets books without
 * a main account, which `main-account.open` opens.
 */
export async function loadBooks(
  pool: pg.Pool,
  mainAccountIds: readonly string[],
): Promise<Map<string, Books>> {
  const books = new Map<string, Books>();
  if (mainAccountIds.length === 0) return books;
  const ids = textArray(mainAccountIds);
  const mains = await pool.query<MainRow>({
    name: 'ledger-load-main-accounts',
    text: 'SELECT * FROM main_accounts WHERE main_account_id = ANY ($1::text[])',
    values: [ids],
  });
  for (const id of mainAccountIds) books.set(id, new Books());
  const small: MainRow[] = [];
  for (const row of mains.rows) {
    if (row.opened > SUBS_PER_PAGE) books.set(row.main_account_id, await loadLarge(pool, row));
    else small.push(row);
  }
  if (small.length === 0) return books;
  const subs = await pool.query<SubRow>({
    name: 'ledger-load-sub-accounts',
    text: 'SELECT * FROM sub_accounts WHERE main_account_id = ANY ($1::text[]) ORDER BY main_account_id, ordinal',
    values: [textArray(small.map((row) => row.main_account_id))],
  });
  const subsByMain = Map.groupBy(subs.rows, (row) => row.main_account_id);
  for (const row of small) {
    const own = (subsByMain.get(row.main_account_id) ?? []).map(toSubAccount);
    books.set(row.main_account_id, new Books(toMainAccount(row), own));
  }
  return books;
}

/** Sub-account rows that are in memory at a time, beside the books made of them. */
const SUBS_PER_PAGE = 5_000;

/**
 * Loads a main account with very many sub-accounts page by page: all their rows at once would take twice the memory
 * of the books.
 */
async function loadLarge(pool: pg.Pool, main: MainRow): Promise<Books> {
  const subAccounts: SubAccount[] = [];
  for (let after = ''; ; ) {
    const page = await subAccountsPage(pool, main.main_account_id, after, SUBS_PER_PAGE);
    for (const sub of page) subAccounts.push(sub);
    if (page.length < SUBS_PER_PAGE) break;
    after = (page.at(-1) as SubAccount).id;
  }
  subAccounts.sort((a, b) => a.ordinal - b.ordinal);
  return new Books(toMainAccount(main), subAccounts);
}

/** Adds the existing holds, charges, refunds and references with these ids to the books. */
export async function loadMessages(
  pool: pg.Pool,
  touched: TouchedIds,
  booksOf: (mainAccountId: string) => Books,
): Promise<void> {
  // In parallel, on separate connections, because each is a round trip.
  const [holds, charges, refunds, references] = await Promise.all([
    lookUp<HoldRow>(pool, HOLDS, touched.holds),
    lookUp<ChargeRow>(pool, CHARGES, touched.charges),
    lookUp<RefundRow>(pool, REFUNDS, touched.refunds),
    lookUp<ReferenceRow>(pool, REFERENCES, touched.references),
  ]);
  for (const row of holds) booksOf(row.main_account_id).holds.set(row.message_id, toHold(row));
  for (const row of charges) booksOf(row.main_account_id).charges.set(row.message_id, toCharge(row));
  for (const row of refunds) booksOf(row.main_account_id).refunds.set(row.refund_id, toRefund(row));
  for (const row of references)
    booksOf(row.main_account_id).references.set(row.reference_key, toReference(row));
}

interface CommandRow {
  main_account_id: string;
  command_id: string;
  content_hash: string;
  lane: number;
  lane_sequence: bigint | null;
  at: Date;
  payload: string | null;
}

/**
 * The commands among these with an earlier outcome, and that outcome.
 * @param onDamage called with the error of a damaged block of the journal
 */
export async function loadCommands(
  pool: pg.Pool,
  commands: readonly OwnedId[],
  onDamage: (error: unknown) => void,
): Promise<Map<string, KnownCommand>> {
  const rows = await lookUp<CommandRow>(pool, COMMANDS, commands);
  const known = new Map<string, KnownCommand>();
  const texts = await eventTexts(pool, rows.flatMap(placeOf), onDamage);
  for (const row of rows) {
    const [place] = placeOf(row);
    const payload = row.payload ?? (place && texts.get(placeKey(place))) ?? null;
    known.set(commandKey(row.main_account_id, row.command_id), { contentHash: row.content_hash, payload });
  }
  return known;
}

/** Where the outcome of a command is in the journal; nothing if it is not there. */
export const placeOf = ({
  lane,
  lane_sequence,
  at,
}: Pick<CommandRow, 'lane' | 'lane_sequence' | 'at'>): EventPlace[] =>
  lane_sequence === null ? [] : [{ lane, laneSequence: BigInt(lane_sequence), at }];

interface LookUp {
  readonly name: string;
  readonly text: string;
}

/**
 * Looks up each id through the primary key. LIMIT prevents the planner from reversing the join, which looks cheap
 * while the table is empty, but later reads all of it for every batch.
 */
const byIds = (name: string, table: string, idColumn: string): LookUp => ({
  name: `ledger-load-${name}`,
  text: `SELECT t.* FROM unnest($1::text[], $2::text[]) AS wanted (main, id) CROSS JOIN LATERAL (
      SELECT * FROM ${table} WHERE main_account_id = wanted.main AND ${idColumn} = wanted.id LIMIT 1) t`,
});

const HOLDS = byIds('holds', 'holds', 'message_id');
const CHARGES = byIds('charges', 'charges', 'message_id');
const REFUNDS = byIds('refunds', 'refunds', 'refund_id');
const REFERENCES = byIds('references', 'booked_references', 'reference_key');
const COMMANDS = byIds('commands', 'commands', 'command_id');

/** One SQL statement for all ids, or none if there are no ids. */
async function lookUp<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  { name, text }: LookUp,
  ids: readonly OwnedId[],
): Promise<Row[]> {
  if (ids.length === 0) return [];
  const values = [textArray(ids.map((one) => one.mainAccountId)), textArray(ids.map((one) => one.id))];
  return (await pool.query<Row>({ name, text, values })).rows;
}
