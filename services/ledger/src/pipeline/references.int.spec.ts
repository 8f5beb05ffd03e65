import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EVENTS } from '@subledger/contracts';
import { assertBooks } from '../testing/assert-books.js';
import { LedgerHarness } from '../testing/ledger-harness.js';
import { openCustomer } from '../testing/scenes.js';

describe('a reference', () => {
  const harness = new LedgerHarness();
  beforeAll(() => harness.open());
  afterAll(() => harness.close());

  it('is booked once, also if the ledger was restarted in between, unless the command allows duplicates', async () => {
    const first = await harness.startLedger();
    const { mainAccountId } = await openCustomer(harness);
    const buy = (reference: string, more: object = {}) =>
      harness.command('points.purchase', { mainAccountId, points: '10', reference, ...more });
    const booked = await harness.outcome(await buy('INV-1'));
    expect(booked.type).toBe('subledger.points.purchased.v1');
    const [again, within] = [await buy('ｉｎｖ-1'), await buy('INV-1')];
    for (const id of [again, within]) {
      const refused = await harness.outcome(id);
      EVENTS.get(refused.type)?.schema.parse(refused);
      expect(refused.data).toMatchObject({
        code: 'duplicate-reference',
        first: { transfer: booked.data.transfers[0].sequence, points: '10', at: booked.data.at },
      });
    }
    await first.stop();

    const second = await harness.startLedger();
    expect((await harness.outcome(await buy('INV-1'))).data.code).toBe('duplicate-reference');
    const insisting = await harness.outcome(await buy('INV-1', { allowDuplicateReference: true }));
    expect(insisting.type).toBe('subledger.points.purchased.v1');
    const adjusting = { mainAccountId, points: '-1', reason: 'INV-1' };
    expect((await harness.outcome(await harness.command('points.adjust', adjusting))).type).toBe(
      'subledger.points.adjusted.v1',
    );
    await second.stop();
    const { rows } = await harness.db.query(
      'SELECT reference_key, transfer FROM booked_references WHERE main_account_id = $1 ORDER BY transfer',
      [mainAccountId],
    );
    expect(rows.map((row) => row.reference_key)).toEqual(['purchase:inv-1', 'adjustment:inv-1']);
    await assertBooks(harness.db);
  });
});
