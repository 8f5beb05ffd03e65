import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rollCommandId } from '@subledger/contracts';
import { nextPeriod } from '@subledger/core';
import { assertBooks } from '../testing/assert-books.js';
import { LedgerHarness, newSub } from '../testing/ledger-harness.js';
import { eventsOf, openCustomer, sentMessage } from '../testing/scenes.js';
import { ROLL_IN_PARTS } from './large-roll.js';

/** More than are rolled as one piece. */
const SUB_ACCOUNTS = ROLL_IN_PARTS.above + 100;
const ROLLED = 'subledger.sub-account.rolled.v1';
const SUMMARY = 'subledger.period.rolled.v1';

describe('a month start of very many sub-accounts', () => {
  const harness = new LedgerHarness();
  beforeAll(() => harness.open());
  afterAll(() => harness.close());

  it('is one transaction in parts, by the clock and by command, with the same events as a small one', async () => {
    const first = await harness.startLedger();
    const customer = await openCustomer(harness, { points: '1000000' });
    const { mainAccountId } = customer;
    for (let from = 1; from < SUB_ACCOUNTS; from += 500) {
      const opened = Array.from({ length: Math.min(500, SUB_ACCOUNTS - from) }, () =>
        harness.command('sub-account.open', { mainAccountId, subAccountId: newSub(), limit: '100' }),
      );
      await Promise.all(opened);
    }
    const last = await harness.command('limit.change', { ...customer, limit: '100' });
    const before = (await harness.outcome(last)).data.mainAccount.period;
    await first.stop();
    await harness.db.query("UPDATE main_accounts SET next_month_start = now() - interval '1 second'");

    // By the clock: the message that comes next finds the month rolled.
    const second = await harness.startLedger();
    const message = sentMessage(customer, '30');
    await harness.message('message.sent', { ...message, sentAt: new Date(Date.now() + 1_000).toISOString() });
    const isIt = (value: { data: { messageId?: string } }) => value.data.messageId === message.messageId;
    const seen = eventsOf(await harness.events.until((all) => all.some(isIt)), mainAccountId);
    const byClock = seen.filter(({ type }) => type === ROLLED);
    expect(byClock).toHaveLength(SUB_ACCOUNTS);
    expect(new Set(byClock.map(({ data }) => data.subAccount.subAccountId)).size).toBe(SUB_ACCOUNTS);
    const summary = seen.find(({ type }) => type === SUMMARY);
    const opened = nextPeriod(before);
    expect(summary.data).toMatchObject({ from: before, to: opened, funded: SUB_ACCOUNTS, unfunded: 0 });
    expect(summary.data.cause).toMatchObject({ kind: 'clock', id: rollCommandId(mainAccountId, opened) });
    expect(seen.find(isIt).data).toMatchObject({ sequence: summary.data.sequence + 1, late: false });
    await assertBooks(harness.db);

    // By command, with events that are read back from the journal; and once more with the same id: the first outcome
    // again.
    await second.stop();
    const third = await harness.startLedger({}, { rollInParts: { ...ROLL_IN_PARTS, keptEvents: 0 } });
    const next = nextPeriod(opened);
    const roll = { mainAccountId, period: next, dueAt: new Date().toISOString() };
    const id = rollCommandId(mainAccountId, next);
    await harness.command('period.roll', roll, id);
    await harness.command('period.roll', roll, id);
    const isSummary = ({ type, data }: { type: string; data: { to?: string } }) =>
      type === SUMMARY && data.to === next;
    const all = await harness.events.until((values) => values.filter(isSummary).length === 2);
    expect(new Set(all.filter(isSummary).map((value) => JSON.stringify(value))).size).toBe(1);
    const rolled = eventsOf(all, mainAccountId).filter(
      ({ type, data }) => type === ROLLED && data.cause.id === id,
    );
    expect(rolled).toHaveLength(SUB_ACCOUNTS);
    expect(rolled[0].data.closed.period).toBe(opened);
    const limits = await harness.limits.until(
      (values) => values.filter(({ period }) => period === next).length >= SUB_ACCOUNTS,
    );
    expect(limits.filter(({ period }) => period === next)).toHaveLength(SUB_ACCOUNTS);
    await assertBooks(harness.db);
    const statements = await harness.one<{ count: string }>(
      'SELECT count(*) FROM period_statements WHERE period = $1 AND opening = 100000',
      [before],
    );
    expect(Number(statements.count)).toBe(SUB_ACCOUNTS);
    await third.stop();
  });
});
