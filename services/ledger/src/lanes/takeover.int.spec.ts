import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type OutgoingRecord, TransactionalPublisher } from '@subledger/kafka';
import { eventually } from '@subledger/testing';
import { readJournal } from '../journal/read-journal.js';
import { assertBooks } from '../testing/assert-books.js';
import { allLanes, LedgerHarness } from '../testing/ledger-harness.js';
import { eventsOf, openCustomer, sentMessage } from '../testing/scenes.js';
import type { LanePublisher } from './lane-publishing.js';

/** A publisher whose process dies at a chosen moment: the call never comes back until `release`. */
class DyingPublisher implements LanePublisher {
  static dying: 'before-publish' | 'after-publish' | undefined;
  static readonly revived = new Set<() => void>();
  static readonly errors: unknown[] = [];
  readonly #inner: TransactionalPublisher;

  constructor(harness: LedgerHarness, lane: number) {
    this.#inner = new TransactionalPublisher(harness.kafka, `ledger-lane-${lane}`);
  }

  open(): Promise<void> {
    return this.#inner.open();
  }

  async publish(records: OutgoingRecord[]): Promise<void> {
    if (DyingPublisher.dying === 'after-publish') await this.#inner.publish(records);
    if (DyingPublisher.dying) await new Promise<void>((resolve) => DyingPublisher.revived.add(resolve));
    await this.#inner.publish(records).catch((error: unknown) => {
      DyingPublisher.errors.push(error);
      throw error;
    });
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  static revive(): void {
    DyingPublisher.dying = undefined;
    for (const resolve of DyingPublisher.revived) resolve();
    DyingPublisher.revived.clear();
  }
}

describe('taking lanes over', () => {
  const harness = new LedgerHarness();
  const options = {
    batch: 1_000,
    idleCursorMs: 50,
    retryMs: { from: 50, to: 200 },
    fencedRetryMs: 3_600_000,
  };
  const dying = { publisherOf: (lane: number) => new DyingPublisher(harness, lane), options };

  beforeAll(() => harness.open());
  afterEach(() => assertBooks(harness.db));
  afterAll(() => harness.close());

  it('publishes once what was committed and not published, and fences the owner that comes back', async () => {
    const stale = await harness.startLedger({}, dying);
    const customer = await openCustomer(harness);
    const { mainAccountId } = customer;
    DyingPublisher.dying = 'before-publish';
    const id = await harness.command('points.purchase', { mainAccountId, points: '7' });
    const isCommitted = async () =>
      (await readJournal(harness.db)).filter(({ causeId }) => causeId === id).length === 1;
    await eventually(isCommitted);
    expect(harness.events.values.some((value) => value.data.cause.id === id)).toBe(false);

    // Another group reads the same partitions: to the lanes, a second owner.
    const next = await harness.startLedger({ KAFKA_GROUP: 'usurper' });
    const event = await harness.outcome(id);
    expect(event.data.sequence).toBe(5);

    // Both read this one; one may write it.
    const message = sentMessage(customer, '40');
    await harness.message('message.sent', message);
    await harness.events.until((values) =>
      values.some((value) => value.data.messageId === message.messageId),
    );
    DyingPublisher.revive();
    await eventually(() => allLanes(stale).some((lane) => lane?.state === 'fenced'));
    await eventually(() => DyingPublisher.errors.length > 0);
    expect(String(DyingPublisher.errors[0])).toContain('Fenced');
    const again = await harness.command('points.purchase', { mainAccountId, points: '1' });
    await harness.outcome(again);
    const sequences = eventsOf(harness.events.values, mainAccountId).map((value) => value.data.sequence);
    expect(sequences).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const limit = harness.limits.values
      .filter((value) => value.subAccountId === customer.subAccountId)
      .at(-1);
    expect(limit).toMatchObject({ used: '40', remaining: '60' });
    await stale.stop();
    await next.stop();
  });

  it('publishes again, the same, what was published before the cursor was', async () => {
    const first = await harness.startLedger({}, dying);
    const customer = await openCustomer(harness);
    DyingPublisher.dying = 'after-publish';
    const message = sentMessage(customer, '40');
    await harness.message('message.sent', message);
    const isIt = (value: { data: { messageId?: string } }) => value.data.messageId === message.messageId;
    await harness.events.until((values) => values.some(isIt));
    const next = await harness.startLedger({ KAFKA_GROUP: 'usurper' });
    const copies = (await harness.events.until((values) => values.filter(isIt).length === 2)).filter(isIt);
    expect(copies[1]).toEqual(copies[0]);
    const { used } = await harness.one<{ used: string }>(
      'SELECT used FROM main_accounts WHERE main_account_id = $1',
      [customer.mainAccountId],
    );
    expect(used).toBe('40000');
    DyingPublisher.revive();
    await first.stop();
    await next.stop();
  });

  it('continues at its position after a restart', async () => {
    const first = await harness.startLedger();
    const customer = await openCustomer(harness);
    await first.stop();
    const id = await harness.command('points.purchase', {
      mainAccountId: customer.mainAccountId,
      points: '7',
    });
    const next = await harness.startLedger();
    expect((await harness.outcome(id)).data.sequence).toBe(5);
    const { lag } = await harness.one<{ lag: string }>(
      'SELECT sum(lane_sequence - published_sequence) AS lag FROM lanes',
    );
    await next.stop();
    expect(Number(lag)).toBeGreaterThanOrEqual(0);
    const after = await harness.one<{ lag: string }>(
      'SELECT sum(lane_sequence - published_sequence) AS lag FROM lanes',
    );
    expect(after.lag).toBe('0');
  });

  it.each([
    ['behind the end of the log', `command_offset = 1000000`, 'created anew'],
    ['after another record', `command_last_id = 'someone else'`, 'another record'],
  ])('stops a lane whose stored position is %s', async (_where, change, reason) => {
    const saved = (await harness.db.query('SELECT lane, command_offset, command_last_id FROM lanes')).rows;
    await harness.db.query(`UPDATE lanes SET ${change} WHERE command_offset > 0`);
    const ledger = await harness.startLedger();
    const broken = allLanes(ledger).filter((lane) => lane?.state === 'broken');
    expect(broken.length).toBeGreaterThan(0);
    expect(broken[0]?.reason).toContain(reason);
    expect(() => ledger.lanes.assertRunning()).toThrow(/broken/);
    await ledger.stop();
    for (const row of saved) {
      await harness.db.query('UPDATE lanes SET command_offset = $2, command_last_id = $3 WHERE lane = $1', [
        row.lane,
        row.command_offset,
        row.command_last_id,
      ]);
    }
  });
});
