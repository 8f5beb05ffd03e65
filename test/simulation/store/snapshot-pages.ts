import type { Period, Points } from '@subledger/core';
import type { StatementKey } from '@subledger/ledger/engine';
import type { StoredStatement, StoredTransfer } from '@subledger/wire';
import type { Tables } from './tables.js';

/** Transfers of a main account after a number, in order. */
export function transfersPage(
  { transfers }: Tables,
  mainAccountId: string,
  after: number,
  max: number,
): StoredTransfer[] {
  return [...transfers.values()]
    .filter((row) => row.mainAccountId === mainAccountId && row.sequence > after)
    .sort((a, b) => a.sequence - b.sequence)
    .slice(0, max)
    .map(({ mainAccountId: _, eventSequence: __, at, ...transfer }) => ({ ...transfer, at: Date.parse(at) }));
}

/** Statements of a main account after one of them, by sub-account and period. */
export function statementsPage(
  { statements }: Tables,
  mainAccountId: string,
  after: StatementKey,
  max: number,
): StoredStatement[] {
  const keyOf = (key: StatementKey) => `${key.subAccountId} ${key.period}`;
  return [...statements.values()]
    .filter((row) => row.mainAccountId === mainAccountId && keyOf(row) > keyOf(after))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    .slice(0, max)
    .map(({ subAccountId, period, at, lateUsed, lateRefunded, lateReturned, ...row }) => ({
      subAccountId,
      closing: {
        period: period as Period,
        opening: row.opening as Points,
        limit: row.limit as Points,
        boost: row.boost as Points,
        granted: row.granted as Points,
        used: row.used as Points,
        overage: row.overage as Points,
        held: row.held as Points,
        returned: row.returned as Points,
      },
      lateUsed: lateUsed as Points,
      lateRefunded: lateRefunded as Points,
      lateReturned: lateReturned as Points,
      at: Date.parse(at),
    }));
}
