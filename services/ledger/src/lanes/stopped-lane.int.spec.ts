import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { deleteRecords, LogReader } from '@subledger/kafka';
import { eventually } from '@subledger/testing';
import { recreateTopic } from '../testing/calamities.js';
import { allLanes, PARTITIONS } from '../testing/ledger-harness.js';
import { operate } from '../testing/operate.js';
import { sentMessage } from '../testing/scenes.js';
import { StoppedLaneScene } from '../testing/stopped-lane-scene.js';

describe('a stopped lane', () => {
  const scene = new StoppedLaneScene();
  const { harness } = scene;

  beforeAll(() => scene.open());
  afterEach(() => scene.assertInvariants());
  afterAll(() => harness.close());

  it('whose command topic was recreated while no ledger was running resumes at its beginning', async () => {
    const customer = scene.customerOf(0);
    const first = await harness.startLedger();
    const old = await scene.purchase(customer);
    const outcome = await harness.outcome(old);
    await first.stop();
    await recreateTopic(harness, TOPICS.commands);
    await harness.command('points.purchase', { mainAccountId: customer.mainAccountId, points: '1' }, old);
    const fresh = await scene.purchase(customer);
    const ledger = await harness.startLedger();
    for (let lane = 0; lane < PARTITIONS; lane += 1) await scene.expectAlarm(ledger, lane, 'created anew');

    const text = await scene.resume(0, 'created anew');
    expect(text).toContain('resumes at 0');
    const next = await harness.outcome(fresh);
    expect(next.data).toMatchObject({ generation: 2, sequence: outcome.data.sequence + 1 });
    expect(await scene.timesBooked([old, fresh])).toEqual([1, 1]);
    await scene.expectLimits(0);
    await eventually(() => ledger.lanes.get(0)?.state === 'running');
    const generations = () => Promise.all([0, 1, 2].map((lane) => scene.generation(lane)));
    const before = await generations();
    const dry = await operate(harness, 'resume', '--all');
    expect(dry).toMatchObject({ code: 0, text: expect.stringContaining('Nothing was changed') });
    // Of lane 0 nothing is said: it fits.
    expect(dry.text.match(/^Lane \d/gm)).toEqual(['Lane 1', 'Lane 2']);
    expect(await generations()).toEqual(before);
    const rest = await operate(harness, 'resume', '--all', '--yes');
    expect(rest.code).toBe(0);
    for (const lane of [1, 2]) expect(rest.text).toContain(`Lane ${lane} was taken up by`);
    expect(await generations()).toEqual(before.map((generation, lane) => generation + (lane === 0 ? 0 : 1)));
    await eventually(() => allLanes(ledger).every((lane) => lane?.state === 'running'));
    expect(await operate(harness, 'resume', '--all', '--yes')).toMatchObject({
      code: 1,
      text: expect.stringContaining('All lanes fit'),
    });
    await harness.outcome(await scene.purchase(scene.customerOf(1)));
    await ledger.stop();
  });

  it('whose message topic is recreated under a running ledger resumes too', async () => {
    const customer = scene.customerOf(1);
    const ledger = await harness.startLedger();
    const old = await scene.send(customer);
    await scene.charged(old);
    await recreateTopic(harness, TOPICS.messages);
    await scene.expectAlarm(ledger, 1, TOPICS.messages);
    await harness.message('message.sent', sentMessage(customer, '1', old), old);
    const fresh = await scene.send(customer);
    // By now the log has the offset again, but another record before it.
    await scene.resume(1, 'follows another record');
    await scene.charged(fresh);
    expect(await scene.timesBooked([old, fresh])).toEqual([1, 1]);
    await scene.expectLimits(1);
    // The others had read nothing from the topic: for them it is the same.
    await eventually(() => allLanes(ledger).every((lane) => lane?.state === 'running'));
    await ledger.stop();
  });

  it('whose next records were deleted by retention resumes with those that are left', async () => {
    const customer = scene.customerOf(2);
    const lost = [await scene.send(customer), await scene.send(customer)];
    const left = [await scene.send(customer), await scene.send(customer)];
    const log = new LogReader(harness.kafka);
    const { high } = await log.range(TOPICS.messages, 2);
    await log.close();
    await deleteRecords(harness.kafka, TOPICS.messages, 2, high - 2n);
    const ledger = await harness.startLedger();
    await scene.expectAlarm(ledger, 2, 'records were never read');
    const text = await scene.resume(2, 'records were never read');
    expect(text).toMatch(/SKIPPED \(2 of them are gone from the log\)/);
    await scene.charged(left[1] as string);
    expect(await scene.timesBooked([...lost, ...left])).toEqual([0, 0, 1, 1]);
    await scene.expectLimits(2);
    await ledger.stop();
  });

  it('that fits is left alone, and is read again from elsewhere only by force', async () => {
    const ledger = await harness.startLedger();
    const customer = scene.customerOf(2);
    const ids = [await scene.send(customer), await scene.purchase(customer)];
    await scene.charged(ids[0] as string);
    await harness.outcome(ids[1] as string);
    expect((await operate(harness, 'lanes')).code).toBe(0);
    const refused = await operate(harness, 'resume', '--lane', '2', '--yes');
    expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('Refused: the lane fits') });
    expect((await operate(harness, 'resume', '--lane', '2', '--commands', '9999', '--force')).code).toBe(2);
    expect((await operate(harness, 'resume', '--lane', '7')).code).toBe(2);
    const wanted = (await scene.generation(2)) + 1;
    const { middle } = await harness.one<{ middle: string }>(
      'SELECT message_offset - 1 AS middle FROM lanes WHERE lane = 2',
    );
    const options = ['--commands', 'beginning', '--messages', middle, '--force', '--yes'];
    const forced = await operate(harness, 'resume', '--lane', '2', ...options);
    expect(forced).toMatchObject({ code: 0, text: expect.stringContaining('are read again') });
    const fresh = await scene.purchase(customer);
    expect((await harness.outcome(fresh)).data.generation).toBe(wanted);
    expect(await scene.timesBooked([...ids, fresh])).toEqual([1, 1, 1]);
    await ledger.stop();
  });

  it('that is resumed during traffic drops its books in memory', async () => {
    const options = { batch: 20, idleCursorMs: 200, retryMs: { from: 50, to: 200 }, fencedRetryMs: 20 };
    const ledger = await harness.startLedger({}, { options });
    const customer = scene.customerOf(2);
    const ids: string[] = [];
    let isOver = false;
    const traffic = (async () => {
      while (!isOver) ids.push(await scene.send(customer), await scene.purchase(customer));
    })();
    await eventually(() => ids.length > 40);
    const wanted = (await scene.generation(2)) + 1;
    const args = ['--lane', '2', '--messages', 'beginning', '--force', '--yes'];
    await operate(harness, 'resume', ...args);
    isOver = true;
    await traffic;
    await harness.outcome(await scene.purchase(customer));
    await scene.charged(ids.at(-2) as string);
    expect(await scene.timesBooked(ids)).toEqual(ids.map(() => 1));
    expect(await scene.generation(2)).toBe(wanted);
    await ledger.stop();
  });
});
