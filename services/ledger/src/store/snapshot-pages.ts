import type { TransferKind } from '@subledger/contracts';
import type { AccountName, MainAccount, Points, SubAccount } from '@subledger/core';
import type { StoredStatement, StoredTransfer } from '@subledger/wire';
import type pg from 'pg';
import { type MainRow, type SubRow, toMainAccount, toSubAccount } from './book-rows.js';

/** Identifies a statement of a main account. */
export interface StatementKey {
  readonly subAccountId: string;
  readonly period: string;
}

/** A main account's own row, or undefined without books. */
export async function loadMain(pool: pg.Pool, mainAccountId: string): Promise<MainAccount | undefined> {
  const { rows } = await pool.query<MainRow>({
    name: 'ledger-load-main-account',
    text: 'SELECT * FROM main_accounts WHERE main_account_id = $1',
    values: [mainAccountId],
  });
  return rows[0] && toMainAccount(rows[0]);
}

/** Sub-accounts by id, in the database's text order. `after` is the previous last id, or '' for the first page. */
export async function subAccountsPage(
  pool: pg.Pool,
  mainAccountId: string,
  after: string,
  max: number,
): Promise<SubAccount[]> {
  const { rows } = await pool.query<SubRow>({
    name: 'ledger-load-sub-accounts-page',
    text: `SELECT * FROM sub_accounts WHERE main_account_id = $1 AND sub_account_id > $2
      ORDER BY main_account_id, sub_account_id LIMIT $3`,
    values: [mainAccountId, after, max],
  });
  return rows.map(toSubAccount);
}

interface TransferRow {
  sequence: bigint;
  kind: string;
  debit_account: string;
  credit_account: string;
  amount: bigint;
  debit_balance: bigint;
  credit_balance: bigint;
  sub_account_id: string | null;
  message_id: string | null;
  period: string;
  reference: string;
  at: Date;
}

/** Transfers with numbers after `after`, in order, without those of detached months. */
export async function transfersPage(
  pool: pg.Pool,
  mainAccountId: string,
  after: number,
  max: number,
): Promise<StoredTransfer[]> {
  const { rows } = await pool.query<TransferRow>({
    name: 'ledger-load-transfers-page',
    text: `SELECT sequence, kind, debit_account, credit_account, amount, debit_balance, credit_balance, sub_account_id,
        message_id, period, reference, at
      FROM transfers WHERE main_account_id = $1 AND sequence > $2 ORDER BY main_account_id, sequence LIMIT $3`,
    values: [mainAccountId, after, max],
  });
  return rows.map((row) => ({
    sequence: Number(row.sequence),
    kind: row.kind as TransferKind,
    from: row.debit_account as AccountName,
    to: row.credit_account as AccountName,
    amount: row.amount as Points,
    fromBalance: row.debit_balance as Points,
    toBalance: row.credit_balance as Points,
    subAccountId: row.sub_account_id,
    messageId: row.message_id,
    period: row.period,
    reference: row.reference,
    at: row.at.getTime(),
  }));
}

interface StatementRow {
  sub_account_id: string;
  period: string;
  opening: bigint;
  point_limit: bigint;
  boost: bigint;
  granted: bigint;
  used: bigint;
  overage: bigint;
  held: bigint;
  returned: bigint;
  late_used: bigint;
  late_refunded: bigint;
  late_returned: bigint;
  at: Date;
}

/** Closed statements after this one, in the order of the primary key. */
export async function statementsPage(
  pool: pg.Pool,
  mainAccountId: string,
  after: StatementKey,
  max: number,
): Promise<StoredStatement[]> {
  const { rows } = await pool.query<StatementRow>({
    name: 'ledger-load-statements-page',
    text: `SELECT * FROM period_statements WHERE main_account_id = $1 AND (sub_account_id, period) > ($2, $3)
      ORDER BY main_account_id, sub_account_id, period LIMIT $4`,
    values: [mainAccountId, after.subAccountId, after.period, max],
  });
  return rows.map((row) => ({
    subAccountId: row.sub_account_id,
    closing: {
      period: row.period,
      opening: row.opening as Points,
      limit: row.point_limit as Points,
      boost: row.boost as Points,
      granted: row.granted as Points,
      used: row.used as Points,
      overage: row.overage as Points,
      held: row.held as Points,
      returned: row.returned as Points,
    },
    lateUsed: row.late_used as Points,
    lateRefunded: row.late_refunded as Points,
    lateReturned: row.late_returned as Points,
    at: row.at.getTime(),
  }));
}
