import type { BooksView } from './books.js';
import { AuditFailure, amountOf, check, equal, sameFields } from './check.js';
import type { EventLog } from './event-log.js';
import type { Evidence } from './evidence.js';

/** Checks that the ledger's tables contain exactly what the events reported, row by row. */
export function auditTables(
  { tables }: Evidence,
  { books: events }: EventLog,
  books: ReadonlyMap<string, BooksView>,
): void {
  equal(tables.mainAccounts.size, books.size, () => 'main accounts');
  for (const view of books.values()) {
    auditMain(tables, view, events.get(view.id)?.length ?? 0);
    for (const sub of view.subs.values()) {
      const row = tables.subAccounts.get(`${view.id} ${sub.id}`);
      if (!row) throw new AuditFailure(`no row of ${sub.id}`);
      sameFields(row, { ...sub, remaining: view.remaining(sub) }, () => `row of ${sub.id}`);
    }
  }
  const views = [...books.values()];
  const size = (of: (view: BooksView) => number) => views.reduce((sum, view) => sum + of(view), 0);
  equal(
    tables.subAccounts.size,
    size((view) => view.subs.size),
    () => 'rows of sub-accounts',
  );
  equal(
    tables.holds.size,
    size((view) => view.holds.size),
    () => 'rows of holds',
  );
  equal(
    tables.charges.size,
    size((view) => view.charges.size),
    () => 'rows of charges',
  );
  equal(
    tables.refunds.size,
    size((view) => view.refunds.size),
    () => 'rows of refunds',
  );
  equal(
    tables.transfers.size,
    size((view) => view.transfers.length),
    () => 'rows of transfers',
  );
  equal(
    tables.statements.size,
    size((view) => view.statements.size),
    () => 'rows of statements',
  );
  for (const view of views) auditFacts(tables, view);
  auditTransfers(tables, books);
  auditJournal(tables, events);
}

function auditMain(tables: Evidence['tables'], view: BooksView, sequence: number): void {
  const row = tables.mainAccounts.get(view.id);
  if (!row) throw new AuditFailure(`no row of ${view.id}`);
  const expected = {
    plan: view.plan,
    timeZone: view.zone,
    nextTimeZone: view.nextZone,
    creditLimit: view.credit,
    fundingPolicy: view.policy,
    featureActive: view.feature,
    suspended: view.suspended,
    suspendBelow: view.suspendBelow,
    monthStartFailed: false,
    period: view.period,
    periodOpenedAt: view.openedAt,
    nextMonthStart: view.nextStart,
    balance: view.balance('main'),
    purchased: -view.balance('purchased'),
    used: view.balance('used'),
    held: view.sumOf('hold'),
    granted: view.sumOf('sub'),
    activeSubAccounts: view.inFundingOrder().length,
    subAccounts: [...view.subs.values()].filter(({ lifecycle }) => lifecycle !== 'deleted').length,
    opened: view.subs.size,
    sequence,
    transferSequence: view.transfers.length,
  };
  sameFields(row, expected, () => `row of ${view.id}`);
}

function auditFacts(tables: Evidence['tables'], view: BooksView): void {
  for (const [id, { state, period, subAccountId }] of view.holds) {
    const row = tables.holds.get(`${view.id} ${id}`) ?? {};
    const points = view.balance(`hold:${id}`);
    sameFields(row, { state, period, subAccountId, points }, () => `row of hold ${id}`);
  }
  for (const [id, { period, subAccountId, points, refunded }] of view.charges)
    sameFields(
      tables.charges.get(`${view.id} ${id}`) ?? {},
      { period, subAccountId, points, refunded },
      () => `row of charge ${id}`,
    );
  for (const [id, refund] of view.refunds)
    sameFields(tables.refunds.get(`${view.id} ${id}`) ?? {}, refund, () => `row of refund ${id}`);
  for (const [key, figures] of view.statements)
    sameFields(tables.statements.get(`${view.id} ${key}`) ?? {}, figures, () => `statement of ${key}`);
}

function auditTransfers(tables: Evidence['tables'], books: ReadonlyMap<string, BooksView>): void {
  for (const row of tables.transfers.values()) {
    const move = books.get(row.mainAccountId)?.transfers[row.sequence - 1];
    if (!move) throw new AuditFailure(`a transfer ${row.sequence} that no event tells of`);
    const { kind, subAccountId, messageId, period } = move;
    const amounts = {
      amount: amountOf(move.points),
      fromBalance: amountOf(move.fromBalance),
      toBalance: amountOf(move.toBalance),
    };
    const where = () => `transfer ${row.sequence} of ${row.mainAccountId}`;
    sameFields(row, { kind, subAccountId, messageId, period, ...amounts }, where);
    check(row.from.startsWith(move.from) && row.to.startsWith(move.to), () => `accounts of ${where()}`);
  }
}

/** Checks that committed events were published, and the reverse. */
function auditJournal(tables: Evidence['tables'], events: EventLog['books']): void {
  const count = [...events.values()].reduce((sum, own) => sum + own.length, 0);
  equal(tables.journal.size, count, () => 'events of the journal');
  for (const { mainAccountId, sequence, payload } of tables.journal.values())
    equal(
      payload,
      events.get(mainAccountId)?.[sequence - 1]?.text,
      () => `${mainAccountId} ${sequence} as published`,
    );
}
