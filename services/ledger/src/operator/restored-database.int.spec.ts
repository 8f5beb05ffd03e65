import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@subledger/testing';
import { Backup } from '../testing/calamities.js';
import { operate } from '../testing/operate.js';
import { StoppedLaneScene } from '../testing/stopped-lane-scene.js';

describe('a database restored from an older backup', () => {
  const scene = new StoppedLaneScene();
  const { harness } = scene;

  beforeAll(() => scene.open());
  afterEach(() => scene.assertInvariants());
  afterAll(() => harness.close());

  it('while no ledger ran books again what the log still has', async () => {
    const customer = scene.customerOf(0);
    const first = await harness.startLedger();
    const before = [await scene.purchase(customer), await scene.send(customer)];
    await scene.charged(before[1] as string);
    const backup = await Backup.take(harness);
    const after = [
      await scene.purchase(customer),
      await scene.send(customer),
      await scene.purchase(customer),
    ];
    await harness.outcome(after[2] as string);
    await scene.charged(after[1] as string);
    // A repeat is published last, and its first outcome is one that the backup has.
    await harness.command(
      'points.purchase',
      { mainAccountId: customer.mainAccountId, points: '1' },
      before[0],
    );
    await harness.events.until(
      (values) => values.filter(({ data }) => data.cause.id === before[0]).length === 2,
    );
    await first.stop();
    await backup.restore();
    const last = await scene.purchase(customer);
    expect(await scene.timesBooked(after)).toEqual([0, 0, 0]);

    const ledger = await harness.startLedger();
    await scene.expectAlarm(ledger, 0, 'restored from an older backup');
    const text = await scene.resume(0, 'restored from an older backup');
    expect(text).toContain('its stored position');
    const outcome = await harness.outcome(last);
    expect(outcome.data.generation).toBe(await scene.generation(0));
    await scene.charged(after[1] as string);
    expect(await scene.timesBooked([...before, ...after, last])).toEqual([1, 1, 1, 1, 1, 1]);
    await scene.expectLimits(0);
    await ledger.stop();
  });

  it('under a running ledger stops it before it writes, even with its epoch, and with a generation of the past', async () => {
    const customer = scene.customerOf(1);
    const ledger = await harness.startLedger();
    const before = await scene.send(customer);
    await scene.charged(before);
    const backup = await Backup.take(harness);
    const lower = await scene.generation(1);
    // Readers see a higher generation than the backup knows.
    const forced = await operate(harness, 'resume', '--lane', '1', '--force', '--yes');
    expect(forced.text).toContain('taken up by');
    const after = [await scene.purchase(customer), await scene.send(customer)];
    await harness.outcome(after[0] as string);
    await scene.charged(after[1] as string);
    const { epoch } = await harness.one<{ epoch: string }>('SELECT epoch FROM lanes WHERE lane = 1');
    await backup.restore();
    // Nothing tells the ledger but its next write, whose epoch may be right.
    await harness.db.query('UPDATE lanes SET epoch = $1 WHERE lane = 1', [epoch]);
    const last = [await scene.purchase(customer), await scene.send(customer)];
    await scene.expectAlarm(ledger, 1, 'restored from a');
    expect(await scene.timesBooked([...after, ...last])).toEqual([0, 0, 0, 0]);
    const text = await scene.resume(1, 'restored from an older backup');
    expect(text).toContain(`generation ${lower} → ${lower + 2}`);
    await harness.outcome(last[0] as string);
    await scene.charged(last[1] as string);
    await eventually(async () => (await scene.timesBooked(after)).every((times) => times === 1));
    expect(await scene.timesBooked([before, ...after, ...last])).toEqual([1, 1, 1, 1, 1]);
    await scene.expectLimits(1);
    await ledger.stop();
  });
});
