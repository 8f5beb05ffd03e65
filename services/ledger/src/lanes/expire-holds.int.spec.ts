import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EVENTS } from '@subledger/contracts';
import { eventually } from '@subledger/testing';
import { assertBooks } from '../testing/assert-books.js';
import { assertReaderAgrees, lastLimits } from '../testing/event-reader.js';
import { LedgerHarness } from '../testing/ledger-harness.js';
import { type Customer, openCustomer, sentMessage } from '../testing/scenes.js';

const ONE_SECOND = { points: '30', expiresInSeconds: 1 };

describe('a hold that is over', () => {
  const harness = new LedgerHarness();
  beforeAll(() => harness.open());
  afterAll(() => harness.close());

  const place = async (customer: Customer, messageId: string) =>
    harness.outcome(await harness.command('hold.place', { ...customer, ...ONE_SECOND, messageId }));

  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever is there
  const find = async (isIt: (value: any) => boolean): Promise<any> =>
    (await harness.events.until((values) => values.some(isIt))).find(isIt);

  const endOf = (messageId: string) =>
    find(({ type, data }) => type === 'subledger.hold.released.v1' && data.messageId === messageId);

  it('is released without any traffic, and its message is still charged, once', async () => {
    const ledger = await harness.startLedger();
    const customer = await openCustomer(harness);
    const messageId = randomUUID();
    const placed = await place(customer, messageId);
    const released = await endOf(messageId);
    EVENTS.get(released.type)?.schema.parse(released);
    expect(released.data).toMatchObject({
      cause: { kind: 'clock', id: messageId, type: 'subledger.hold.release.v1' },
      reason: 'expired',
      points: '30',
      late: false,
      subAccount: { held: '0', remaining: '100' },
    });
    expect(Date.parse(released.data.at)).toBeGreaterThanOrEqual(Date.parse(placed.data.expiresAt));
    await eventually(() => lastLimits(harness.limits.values).get(customer.subAccountId)?.held === '0');

    const again = await harness.command('hold.release', { ...customer, messageId });
    expect((await harness.outcome(again)).data).toMatchObject({ points: '0', transfers: [] });
    await harness.message('message.sent', sentMessage(customer, '30', messageId));
    const charged = await find(
      ({ type, data }) => type === 'subledger.message.charged.v1' && data.messageId === messageId,
    );
    expect(charged.data).toMatchObject({ fromHold: '0', fromSub: '30', fromMain: '0' });
    expect(await ledger.metrics.getSingleMetricAsString('ledger_expired_holds_total')).toMatch(/ 1$/m);
    await ledger.stop();
    await assertBooks(harness.db);
    await assertReaderAgrees(harness);
  });

  it('pays for a message that was reported while the ledger was away', async () => {
    const first = await harness.startLedger();
    const customer = await openCustomer(harness);
    const [reported, forgotten] = [randomUUID(), randomUUID()];
    for (const messageId of [reported, forgotten]) await place(customer, messageId);
    await first.stop();
    await harness.message('message.sent', sentMessage(customer, '30', reported));
    // Not a wait for luck: until both are over by the clock that decides it.
    await eventually(async () => {
      const { open } = await harness.one<{ open: bigint }>(
        'SELECT count(*) AS open FROM holds WHERE main_account_id = $1 AND expires_at > now()',
        [customer.mainAccountId],
      );
      return Number(open) === 0;
    });
    const second = await harness.startLedger();
    expect((await endOf(forgotten)).data).toMatchObject({ reason: 'expired', points: '30' });
    const charged = await find(
      ({ type, data }) => type === 'subledger.message.charged.v1' && data.messageId === reported,
    );
    expect(charged.data).toMatchObject({ fromHold: '30', fromSub: '0' });
    await second.stop();
    await assertBooks(harness.db);
  });
});
