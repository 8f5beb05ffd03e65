/** Statements and the reset preview, on the built services: they must be what the ledger has and does, to the last point. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  PeriodLine,
  PeriodStatementView,
  ResetLine,
  ResetPreviewView,
  StatementLine,
  SubAccountView,
} from '@subledger/contracts';
import { eventType } from '@subledger/contracts';
import { formatPoints, millipoints, nextPeriod, periodStart, previousPeriod } from '@subledger/core';
import { RecordProducer } from '@subledger/kafka';
import { readJournal } from '@subledger/ledger/journal';
import { eventually, messageRecord, messageRefunded, messageSent, TestSystem } from '@subledger/testing';
import { type Customer, mainOf, makeCustomer, makeSub, subOf } from './customer.js';

type Sub = 'writer' | 'holder' | 'leaver' | 'idle' | 'sleeper' | 'poor';

let system: TestSystem;
let producer: RecordProducer;
let customer: Customer;
let subs: Record<Sub, SubAccountView>;
let first: string;
/** Within the first period, however quickly the suite has been played. */
const began = new Date(Date.now() - 60_000).toISOString();

beforeAll(async () => {
  system = await TestSystem.start();
  producer = new RecordProducer(system.kafka);
  customer = await makeCustomer(system, '2000');
  const make = (name: string, limit: string) => makeSub(customer, name, limit);
  subs = {
    writer: await make('Writer', '300'),
    holder: await make('Holder', '200'),
    leaver: await make('Leaver', '100'),
    idle: await make('Idle', '400'),
    sleeper: await make('Sleeper', '50'),
    poor: await make('Poor', '30'),
  };
  first = (await mainOf(customer)).period;
});
afterAll(async () => {
  await producer?.close();
  await system?.stop();
});

const ids = (sub: Sub) => ({ mainAccountId: customer.id, subAccountId: subs[sub].id });
const pathOf = (sub: Sub) => `${customer.path}/sub-accounts/${subs[sub].id}`;
let charges = 0;
let refunds = 0;

async function sent(sub: Sub, messageId: string, points: string, sentAt?: string): Promise<void> {
  const when = sentAt === undefined ? {} : { sentAt };
  await producer.send([messageRecord(messageSent({ ...ids(sub), messageId, points, ...when }))]);
  charges += 1;
}
async function refunded(sub: Sub, messageId: string, points: string): Promise<void> {
  refunds += 1;
  const refund = messageRefunded({ ...ids(sub), messageId, points }, { id: `refund-${refunds}` });
  await producer.send([messageRecord(refund)]);
}
const upstream = () => system.operator.as(system.upstreamKey);
const hold = (sub: Sub, messageId: string, points: string) =>
  upstream().post(`${customer.path}/holds`, { subAccountId: subs[sub].id, messageId, points });

const ledgerRows = async <Row>(sql: string, ...values: unknown[]): Promise<Row[]> =>
  (await system.database.client.query(sql, [customer.id, ...values])).rows as Row[];

/** The ledger has booked all messages and refunds, and the gateway has read all of its events. */
async function settled(): Promise<void> {
  await eventually(
    async () => {
      const [counts] = await ledgerRows<{ charges: number; refunds: number; is_read: boolean }>(
        `SELECT (SELECT count(*)::int FROM ledger.charges WHERE main_account_id = $1) AS charges,
           (SELECT count(*)::int FROM ledger.refunds WHERE main_account_id = $1) AS refunds,
           (SELECT sequence FROM ledger.main_accounts WHERE main_account_id = $1)
             = (SELECT sequence FROM gateway.main_account_state WHERE main_account_id = $1) AS is_read`,
      );
      expect(counts).toEqual({ charges, refunds, is_read: true });
      return true;
    },
    { timeoutMs: 60_000 },
  );
}

const statementOf = (period: string): Promise<PeriodStatementView> =>
  customer.api.get(`${customer.path}/periods/${period}`);
const linesOf = (period: string): Promise<StatementLine[]> =>
  customer.api.list(`${customer.path}/periods/${period}?limit=2`);

const FIGURES =
  'opening point_limit boost granted used overage held returned late_used late_refunded late_returned';
interface LedgerLine {
  readonly sub: string;
  readonly [figure: string]: string;
}

/** Closed statements as the ledger has them, in points. */
async function closedByLedger(period: string): Promise<Record<string, string>[]> {
  const rows = await ledgerRows<LedgerLine>(
    `SELECT sub_account_id AS sub, ${FIGURES.replaceAll(' ', ', ')} FROM ledger.period_statements
      WHERE main_account_id = $1 AND period = $2 ORDER BY sub_account_id COLLATE "C"`,
    period,
  );
  return rows.map(({ sub, ...figures }) => ({
    sub,
    ...Object.fromEntries(
      Object.entries(figures).map(([name, value]) => [name, formatPoints(millipoints(BigInt(value)))]),
    ),
  }));
}

const inLedgersWords = (line: StatementLine) => ({
  sub: line.subAccountId,
  opening: line.opening,
  point_limit: line.limit,
  boost: line.boost,
  granted: line.granted,
  used: line.used,
  overage: line.overage,
  held: line.held,
  returned: line.returned,
  late_used: line.lateUsed,
  late_refunded: line.lateRefunded,
  late_returned: line.lateReturned,
});

async function roll(): Promise<void> {
  const { period, timeZone } = await mainOf(customer);
  const next = nextPeriod(period);
  const at = new Date(periodStart(next, timeZone)).toISOString();
  // The scheduler learns of a customer by an event, a moment after the gateway answered.
  await eventually(
    async () => {
      await system.runJob('month-start', '--at', at);
      const [line] = await customer.api.list<PeriodLine>(`${customer.path}/periods`);
      return line?.period === next;
    },
    { timeoutMs: 60_000 },
  );
}

/** The figures of a period's sub-accounts must come to its totals. */
function expectTotals({ totals }: PeriodStatementView, lines: readonly StatementLine[]): void {
  const sum = (pick: (line: StatementLine) => string | null) =>
    Number(lines.reduce((all, line) => all + Number(pick(line)), 0).toFixed(3));
  expect(totals.subAccounts).toBe(lines.length);
  expect(Number(totals.opening)).toBe(sum((line) => line.opening));
  expect(Number(totals.limit)).toBe(sum((line) => line.limit));
  for (const name of ['granted', 'used', 'overage', 'held', 'returned', 'remaining', 'lateUsed'] as const)
    expect([name, Number(totals[name])]).toEqual([name, sum((line) => line[name])]);
}

describe('a period with a bit of everything', () => {
  let preview: ResetPreviewView;
  let previewed: ResetLine[];

  it('while it is open, the statement is what the sub-accounts are', async () => {
    await sent('writer', 'plain', '250');
    await refunded('writer', 'plain', '10.5');
    await sent('writer', 'overage', '90');
    await customer.api.post(`${pathOf('holder')}/boost`, { points: '5' });
    for (const [id, points] of [
      ['settled', '15.5'],
      ['settled-late', '10'],
      ['part-late', '8'],
      ['released-late', '4'],
      ['open', '3'],
    ] as const)
      await hold('holder', id, points);
    await sent('holder', 'settled', '10.25');
    await sent('leaver', 'last', '20');
    await settled();
    await hold('leaver', 'leavers', '5');
    await customer.api.call('DELETE', pathOf('leaver'));
    await sent('leaver', 'leavers', '3');
    await sent('leaver', 'too-late', '7');
    await refunded('leaver', 'last', '1.5');
    await sent('sleeper', 'sleepers', '5');
    await settled();
    await customer.api.post(`${pathOf('sleeper')}/deactivate`);
    await customer.api.call('PATCH', pathOf('idle'), { body: { limit: '5000', effective: 'next-period' } });
    await customer.api.call('PATCH', pathOf('poor'), { body: { priority: 7 } });
    await settled();

    const lines = await linesOf(first);
    const statement = await statementOf(first);
    expect(statement).toMatchObject({
      period: first,
      closed: false,
      openingBalance: '0',
      closingBalance: null,
    });
    expectTotals(statement, lines);
    const open = await Promise.all(
      (['writer', 'holder', 'idle', 'sleeper', 'poor'] as const).map(async (sub) =>
        subOf(customer, subs[sub].id),
      ),
    );
    for (const { id, limit, boost, granted, used, overage, held, remaining } of open) {
      expect(lines.find(({ subAccountId }) => subAccountId === id)).toMatchObject({
        ...{ limit, boost, granted, used, overage, held, remaining },
        ...{ closedAt: null, returned: '0', lateUsed: '0', lateRefunded: '0', lateReturned: '0' },
      });
    }
    const openings = await ledgerRows<{ id: string; opening: string }>(
      `SELECT sub_account_id AS id, opening / 1000 AS opening FROM ledger.sub_accounts
        WHERE main_account_id = $1 AND lifecycle <> 'deleted' ORDER BY sub_account_id COLLATE "C"`,
    );
    expect(
      lines.filter(({ closedAt }) => closedAt === null).map((line) => [line.subAccountId, line.opening]),
    ).toEqual(openings.map(({ id, opening }) => [id, opening]));
    // The deleted one's is closed, and what came later stands apart: its hold left 2.
    expect(lines.find(({ subAccountId }) => subAccountId === subs.leaver.id)).toMatchObject({
      ...{
        opening: '100',
        limit: '100',
        granted: '100',
        used: '20',
        held: '5',
        returned: '75',
        remaining: '0',
      },
      ...{ lateUsed: '10', lateRefunded: '1.5', lateReturned: '2', closedAt: expect.any(String) },
    });
    expect(await closedByLedger(first)).toEqual(
      lines.filter(({ closedAt }) => closedAt !== null).map(inLedgersWords),
    );
  });

  it('the preview is what the month start then does', async () => {
    preview = await customer.api.get(`${customer.path}/reset-preview`);
    previewed = await customer.api.list(`${customer.path}/reset-preview?limit=2`);
    const before = await mainOf(customer);
    expect(preview).toMatchObject({
      period: nextPeriod(first),
      balance: before.balance,
      funded: 3,
      unfunded: 1,
    });
    expect(previewed.map(({ subAccount }) => subAccount)).toEqual([
      'Poor',
      'Writer',
      'Holder',
      'Idle',
      'Sleeper',
    ]);
    const unfunded = await customer.api.list<ResetLine>(`${customer.path}/reset-preview?outcome=unfunded`);
    expect(unfunded).toEqual([
      expect.objectContaining({ subAccount: 'Idle', limit: '5000', granted: '0', shortfall: '5000' }),
    ]);

    await roll();
    await settled();
    const events = await readJournal(system.database.client, { schema: 'ledger' });
    const done = events.find(
      ({ mainAccountId, type }) => mainAccountId === customer.id && type === eventType('period.rolled'),
    );
    const { data } = JSON.parse(done?.payload ?? '') as { data: Record<string, unknown> };
    const after = await mainOf(customer);
    expect([preview.period, preview.returned, preview.granted, preview.funded, preview.unfunded]).toEqual([
      data.to,
      data.returned,
      data.granted,
      data.funded,
      data.unfunded,
    ]);
    expect([preview.period, preview.balanceAfter]).toEqual([after.period, after.balance]);
    for (const line of previewed) {
      const sub = await subOf(customer, line.subAccountId);
      expect([line.subAccount, line.limit, line.granted, line.shortfall]).toEqual([
        sub.name,
        sub.limit,
        sub.remaining,
        sub.shortfall,
      ]);
    }
  });

  it('once it is closed, and after all that comes late, it is what the ledger has', async () => {
    await sent('writer', 'late', '7.125', began);
    await refunded('writer', 'plain', '2.5');
    await sent('holder', 'settled-late', '6');
    await sent('holder', 'part-late', '9');
    await upstream().call('DELETE', `${customer.path}/holds/released-late`);
    await refunded('leaver', 'too-late', '7');
    await sent('writer', 'long-before', '1.1', new Date(Date.now() - 40 * 86_400_000).toISOString());
    await sent('writer', 'new-month', '12');
    await settled();

    const lines = await linesOf(first);
    expect(lines.map(inLedgersWords)).toEqual(await closedByLedger(first));
    const of = (sub: Sub) => lines.find(({ subAccountId }) => subAccountId === subs[sub].id);
    expect(of('holder')).toMatchObject({ held: '25', lateUsed: '15', lateReturned: '8', boost: '5' });
    expect(of('writer')).toMatchObject({ used: '329.5', lateUsed: '7.125', lateRefunded: '2.5' });
    const statement = await statementOf(first);
    expectTotals(statement, lines);

    const [grant] = await ledgerRows<{ balance: string }>(
      `SELECT (debit_balance + amount)::text AS balance FROM ledger.transfers
        WHERE main_account_id = $1 AND kind = 'limit-grant' AND period = $2 ORDER BY sequence LIMIT 1`,
      nextPeriod(first),
    );
    const turn = formatPoints(millipoints(BigInt(grant?.balance ?? '')));
    expect(statement).toMatchObject({ closed: true, openingBalance: '0', closingBalance: turn });
    const periods = await customer.api.list<PeriodLine>(`${customer.path}/periods?limit=1`);
    const months = periods.map(({ period }) => period);
    expect(months.slice(0, 2)).toEqual([nextPeriod(first), first]);
    // 40 days before are the month before, or the one before that: a row of late figures alone.
    const [long] = months.slice(2);
    expect([previousPeriod(first), previousPeriod(previousPeriod(first))]).toContain(long);
    expect((await linesOf(long as string)).map(inLedgersWords)).toEqual(await closedByLedger(long as string));
    expect(periods[0]).toMatchObject({ closed: false, openingBalance: turn, closingBalance: null });
  });

  it('the next period closes as well, and the CSV has the same lines', async () => {
    const second = nextPeriod(first);
    await roll();
    await settled();
    const lines = await linesOf(second);
    expect(lines).toHaveLength(5);
    expect(lines.map(inLedgersWords)).toEqual(await closedByLedger(second));
    expect(lines.find(({ subAccountId }) => subAccountId === subs.writer.id)).toMatchObject({ used: '12' });
    for (const period of [first, second]) {
      const csv = await customer.api.get<string>(`${customer.path}/periods/${period}.csv?for=program`);
      const rows = csv
        .trimEnd()
        .split('\r\n')
        .slice(1)
        .map((row) => row.split(','));
      const listed = await linesOf(period);
      expect(rows.map(([name, id, month, , ...figures]) => [name, id, month, ...figures])).toEqual(
        listed.map((line) => [
          ...[line.subAccount, line.subAccountId, period, line.opening, line.limit, line.boost, line.granted],
          ...[line.used, line.overage, line.held, line.returned, line.remaining],
          ...[line.lateUsed, line.lateRefunded, line.lateReturned],
        ]),
      );
    }
  });
});
