import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EVENTS, rollCommandId } from '@subledger/contracts';
import { nextPeriod } from '@subledger/core';
import { assertBooks } from '../testing/assert-books.js';
import { LedgerHarness, newSub } from '../testing/ledger-harness.js';
import { eventsOf, openCustomer, sentMessage } from '../testing/scenes.js';

/** Sub-accounts of the customer that is rolled: more than one statement takes at a time in a small batch. */
const SUB_ACCOUNTS = 150;

describe('a month start', () => {
  const harness = new LedgerHarness();
  beforeAll(() => harness.open());
  afterAll(() => harness.close());

  it('happens with the first record whose broker time has passed it, before that record', async () => {
    const first = await harness.startLedger();
    const customer = await openCustomer(harness, { points: '20000' });
    const { mainAccountId } = customer;
    let last = '';
    for (let i = 1; i < SUB_ACCOUNTS; i += 1) {
      last = await harness.command('sub-account.open', {
        mainAccountId,
        subAccountId: newSub(),
        limit: '100',
      });
    }
    const before = await harness.outcome(last);
    await first.stop();
    await harness.db.query("UPDATE main_accounts SET next_month_start = now() - interval '1 second'");

    const second = await harness.startLedger();
    const message = sentMessage(customer, '30');
    await harness.message('message.sent', { ...message, sentAt: new Date(Date.now() + 1_000).toISOString() });
    const isIt = (value: { data: { messageId?: string } }) => value.data.messageId === message.messageId;
    const values = await harness.events.until((all) => all.some(isIt));
    const events = eventsOf(values, mainAccountId);
    const rolled = events.filter((value) => value.type === 'subledger.sub-account.rolled.v1');
    expect(rolled).toHaveLength(SUB_ACCOUNTS);
    const summary = events.find((value) => value.type === 'subledger.period.rolled.v1');
    EVENTS.get(summary.type)?.schema.parse(summary);
    const from = before.data.mainAccount.period;
    const to = nextPeriod(from);
    expect(summary.data).toMatchObject({ from, to, funded: SUB_ACCOUNTS, unfunded: 0 });
    expect(summary.data.cause).toMatchObject({ kind: 'clock', id: rollCommandId(mainAccountId, to) });
    const charged = events.find(isIt);
    expect(charged.data.sequence).toBe(summary.data.sequence + 1);
    expect(charged.data).toMatchObject({ period: to, late: false });
    expect(charged.data.subAccount).toMatchObject({ used: '30', remaining: '70' });
    const limits = await harness.limits.until(
      (all) => all.filter((value) => value.period === to).length >= SUB_ACCOUNTS,
    );
    expect(limits.filter((value) => value.period === to).length).toBe(SUB_ACCOUNTS);

    // The scheduler's command for the same month finds it done.
    const roll = { mainAccountId, period: to, dueAt: new Date().toISOString() };
    const again = await harness.command('period.roll', roll, `${rollCommandId(mainAccountId, to)}`);
    const isAnswer = (value: { data: { cause: { kind: string; id: string } } }) =>
      value.data.cause.kind === 'command' && value.data.cause.id === again;
    const answers = await harness.events.until((all) => all.some(isAnswer));
    expect(answers.find(isAnswer).type).toBe('subledger.period.already-rolled.v1');
    await second.stop();
    await assertBooks(harness.db);
  });

  it('has as cause the command for the due month', async () => {
    const first = await harness.startLedger();
    const { mainAccountId } = await openCustomer(harness);
    await first.stop();
    await harness.db.query(
      "UPDATE main_accounts SET next_month_start = now() - interval '1 second' WHERE main_account_id = $1",
      [mainAccountId],
    );
    const { period } = await harness.one<{ period: string }>(
      'SELECT period FROM main_accounts WHERE main_account_id = $1',
      [mainAccountId],
    );
    const second = await harness.startLedger();
    const roll = { mainAccountId, period: nextPeriod(period), dueAt: new Date().toISOString() };
    const id = await harness.command('period.roll', roll);
    const summary = (
      await harness.events.until((all) =>
        all.some((value) => value.data.cause.id === id && 'to' in value.data),
      )
    ).find((value) => value.data.cause.id === id && 'to' in value.data);
    expect(summary.data).toMatchObject({ to: nextPeriod(period), cause: { kind: 'command' } });
    // Asked again, the outcome is that summary, not one of its sub-accounts' events.
    await harness.command('period.roll', roll, id);
    const repeated = await harness.events.until(
      (all) => all.filter((value) => value.id === summary.id).length === 2,
    );
    expect(repeated.at(-1)).toEqual(summary);
    await second.stop();
    await assertBooks(harness.db);
  });
});
