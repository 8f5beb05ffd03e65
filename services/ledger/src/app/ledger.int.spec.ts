import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EVENTS, limitRecord } from '@subledger/contracts';
import { assertBooks } from '../testing/assert-books.js';
import { LedgerHarness, newMain, newSub } from '../testing/ledger-harness.js';

describe('the ledger on real servers', () => {
  const harness = new LedgerHarness();
  beforeAll(async () => {
    await harness.open();
    await harness.startLedger();
  });
  afterAll(async () => {
    await harness.close();
  });

  it('turns commands and messages into events, limit records and balanced books', async () => {
    const mainAccountId = newMain();
    const subAccountId = newSub();
    await harness.command('main-account.open', { mainAccountId, plan: 'prepay', timeZone: 'Asia/Tokyo' });
    await harness.command('points.purchase', { mainAccountId, points: '1000.5' });
    await harness.command('feature.activate', { mainAccountId });
    const opened = await harness.command('sub-account.open', { mainAccountId, subAccountId, limit: '100' });
    expect((await harness.outcome(opened)).type).toBe('subledger.sub-account.opened.v1');

    const sentAt = new Date().toISOString();
    const details = { sender: 'ACME', recipient: '+81312345678', content: 'secret words', segments: 1 };
    const message = { mainAccountId, subAccountId, messageId: 'm-1', sentAt, points: '130', ...details };
    await harness.message('message.sent', message);
    const events = await harness.events.until((values) =>
      values.some((value) => value.type === 'subledger.limit.exceeded.v1'),
    );
    for (const value of events) EVENTS.get(value.type)?.schema.parse(value);
    expect(events.map((value) => value.data.sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(JSON.stringify(events)).not.toContain('secret words');
    const last = events.at(-1).data;
    expect(last.subAccount).toMatchObject({ used: '130', overage: '30', remaining: '0' });
    expect(last.mainAccount).toMatchObject({ balance: '870.5', used: '130' });

    const limits = await harness.limits.until((values) => values.at(-1)?.used === '130');
    for (const value of limits) limitRecord.parse(value);
    expect(limits.at(-1)).toMatchObject({
      subAccountId,
      remaining: '0',
      sequence: 6,
      position: { offset: '0' },
    });
    await assertBooks(harness.db);
  });
});
