import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EVENTS, rollCommandId } from '@subledger/contracts';
import { nextPeriod } from '@subledger/core';
import { eventually } from '@subledger/testing';
import { assertBooks } from '../testing/assert-books.js';
import { LedgerHarness } from '../testing/ledger-harness.js';
import { type Customer, eventsOf, openCustomer, sentMessage } from '../testing/scenes.js';

const STOPPED = 'subledger.main-account.sending-stopped.v1';
const RESUMED = 'subledger.main-account.sending-resumed.v1';

describe('a month start that cannot be made', () => {
  const harness = new LedgerHarness();
  beforeAll(() => harness.open());
  afterAll(() => harness.close());

  /** Books as a release left them that took `JST` for a time zone, at the end of a month. */
  async function stuck(): Promise<Customer> {
    const ledger = await harness.startLedger();
    const customer = await openCustomer(harness);
    await ledger.stop();
    await harness.db.query(
      `UPDATE main_accounts SET next_time_zone = 'JST', next_month_start = now() - interval '1 second'
        WHERE main_account_id = $1`,
      [customer.mainAccountId],
    );
    return customer;
  }
  const charge = async (customer: Customer, points: string) => {
    const message = sentMessage(customer, points);
    await harness.message('message.sent', message);
    const isIt = (value: { data: { messageId?: string } }) => value.data.messageId === message.messageId;
    return (await harness.events.until((all) => all.some(isIt))).find(isIt);
  };

  it('stops sending also where the scheduler’s command finds it first', async () => {
    const { mainAccountId } = await stuck();
    const { period } = await harness.one<{ period: string }>(
      'SELECT period FROM main_accounts WHERE main_account_id = $1',
      [mainAccountId],
    );
    const ledger = await harness.startLedger();
    const begins = nextPeriod(period);
    const roll = { mainAccountId, period: begins, dueAt: new Date().toISOString() };
    const id = rollCommandId(mainAccountId, begins);
    const isAnswer = (value: { data: { cause: { id: string; kind: string } } }) =>
      value.data.cause.id === id && value.data.cause.kind === 'command';
    await harness.command('period.roll', roll, id);
    const events = await harness.events.until((all) => all.some(isAnswer));
    expect(events.find(isAnswer).data).toMatchObject({ code: 'month-start-failed' });
    expect(eventsOf(events, mainAccountId).filter(({ type }) => type === STOPPED)).toHaveLength(1);

    // The zone is known again: the very same command, which the scheduler sends once more, brings the month start.
    await ledger.stop();
    await harness.db.query("UPDATE main_accounts SET next_time_zone = 'UTC' WHERE main_account_id = $1", [
      mainAccountId,
    ]);
    const second = await harness.startLedger();
    await harness.command('period.roll', roll, id);
    const isOver = (value: { type: string }) => value.type === RESUMED;
    await harness.events.until((all) => eventsOf(all, mainAccountId).some(isOver));
    await second.stop();
    await assertBooks(harness.db);
  });

  it.each([
    ['with the other sub-accounts of its batch', {}],
    ['of a main account that is rolled in parts', { rollInParts: { above: 0, size: 1, keptEvents: 1 } }],
  ])('stops sending, charges what is sent, and is made after the repair: %s', async (_, parts) => {
    const customer = await stuck();
    const { mainAccountId, subAccountId } = customer;
    const ledger = await harness.startLedger({}, parts);
    const alarms = () => ledger.logLines.join('');
    await eventually(() => alarms().includes('"zone":"JST"'));

    const charged = await charge(customer, '30');
    expect(charged.data).toMatchObject({ fromSub: '30', late: false });
    expect(charged.data.mainAccount).toMatchObject({
      suspended: true,
      suspensions: ['month-start-failed'],
      nextTimeZone: 'JST',
    });
    const { period } = charged.data.mainAccount;
    const isStopped = (value: { subAccountId: string; status: string }) =>
      value.subAccountId === subAccountId && value.status === 'suspended';
    await harness.limits.until((all) => all.some(isStopped));
    expect(alarms()).toContain(`"mainAccountId":"${mainAccountId}"`);
    expect(await ledger.metrics.metrics()).toMatch(/ledger_failed_month_starts_total 1\n/);

    const refused = await harness.command('limit.change', { mainAccountId, subAccountId, limit: '50' });
    expect((await harness.outcome(refused)).data).toMatchObject({ code: 'month-start-failed' });
    await charge(customer, '5');

    const repair = await harness.command('main-account.configure', { mainAccountId, timeZone: 'Asia/Tokyo' });
    expect((await harness.outcome(repair)).type).toBe('subledger.main-account.configured.v1');
    const isOver = (value: { type: string }) => value.type === RESUMED;
    const events = eventsOf(
      await harness.events.until((all) => eventsOf(all, mainAccountId).some(isOver)),
      mainAccountId,
    );
    for (const event of events) EVENTS.get(event.type)?.schema.parse(event);
    expect(events.filter(({ type }) => type === STOPPED)).toHaveLength(1);
    const rolled = events.find(({ type }) => type === 'subledger.period.rolled.v1');
    expect(rolled.data).toMatchObject({ from: period, returned: '65', funded: 1 });
    const isSending = (value: { subAccountId: string; status: string }) =>
      value.subAccountId === subAccountId && value.status === 'active';
    await harness.limits.until((all) => all.filter(isSending).length >= 2);
    const letters = harness.deadLetters.values.filter((letter) =>
      JSON.stringify(letter).includes(mainAccountId),
    );
    expect(letters).toEqual([]);
    await ledger.stop();
    await assertBooks(harness.db);
  });
});
