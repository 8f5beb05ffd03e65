import { expect } from '@jest/globals';
import { eventually } from '@subledger/testing';
import { readJournal } from '../journal/read-journal.js';
import { assertBooks } from './assert-books.js';
import { assertReaderAgrees, lastLimits } from './event-reader.js';
import { LedgerHarness, PARTITIONS, type WatchedLedger } from './ledger-harness.js';
import { operate } from './operate.js';
import { type Customer, mainOf, openCustomer, sentMessage } from './scenes.js';

/** A customer on every lane, and what operators and monitoring see when a lane stops. */
export class StoppedLaneScene {
  readonly harness = new LedgerHarness();
  readonly #customers: Customer[] = [];
  #purchases = 0;
  #messages = 0;

  async open(): Promise<void> {
    await this.harness.open();
    const ledger = await this.harness.startLedger();
    for (let lane = 0; lane < PARTITIONS; lane += 1) {
      this.#customers.push(await openCustomer(this.harness, { points: '1000', mainAccountId: mainOf(lane) }));
    }
    await ledger.stop();
  }

  async assertInvariants(): Promise<void> {
    await assertBooks(this.harness.db);
    await assertReaderAgrees(this.harness);
  }

  customerOf(lane: number): Customer {
    return this.#customers[lane] as Customer;
  }

  /** @returns the command's id */
  purchase({ mainAccountId }: Customer): Promise<string> {
    this.#purchases += 1;
    return this.harness.command(
      'points.purchase',
      { mainAccountId, points: '1' },
      `purchase-${this.#purchases}`,
    );
  }

  /** @returns the message's id */
  async send(customer: Customer): Promise<string> {
    this.#messages += 1;
    const id = `message-${this.#messages}`;
    await this.harness.message('message.sent', sentMessage(customer, '1', id), id);
    return id;
  }

  async charged(messageId: string): Promise<void> {
    await this.harness.events.until((values) =>
      values.some(
        ({ type, data }) => type === 'subledger.message.charged.v1' && data.messageId === messageId,
      ),
    );
  }

  /** How often each of these commands and messages occurs in the journal. */
  async timesBooked(ids: readonly string[]): Promise<number[]> {
    const booked = (await readJournal(this.harness.db)).filter(
      ({ causeKind, type }) =>
        causeKind !== 'clock' && !/\.(limit\.exceeded|sub-account\.funded)\./.test(type),
    );
    return ids.map((id) => booked.filter(({ causeId }) => causeId === id).length);
  }

  async generation(lane: number): Promise<number> {
    const sql = 'SELECT generation FROM lanes WHERE lane = $1';
    return (await this.harness.one<{ generation: number }>(sql, [lane])).generation;
  }

  /** Checks that the lane has stopped and that log, metric and readiness show it. */
  async expectAlarm(ledger: WatchedLedger, lane: number, reason: string): Promise<void> {
    // A fenced lane tries again after a session and five seconds.
    await eventually(() => ledger.lanes.get(lane)?.state === 'broken', { timeoutMs: 60_000 });
    expect(ledger.lanes.get(lane)?.reason).toContain(reason);
    const lines = ledger.logLines.map((text) => JSON.parse(text)).filter((one) => one.lane === lane);
    expect(lines.at(-1)).toMatchObject({ level: 'error' });
    expect(lines.at(-1).msg).toContain('docs/operations/stopped-lane.md');
    await eventually(async () => (await ledger.metrics.metrics()).includes('ledger_lanes{state="broken"}'));
    await eventually(() => JSON.stringify(ledger.health.readiness).includes(reason));
    expect(JSON.stringify(ledger.health.readiness.checks.lanes)).toContain(`resume --lane ${lane}`);
  }

  /**
   * Shows the plan, carries it out, and waits until a running ledger takes the lane over.
   * @returns the printed text
   */
  async resume(lane: number, found: string): Promise<string> {
    const row = () => this.harness.one('SELECT * FROM lanes WHERE lane = $1', [lane]);
    const looked = await operate(this.harness, 'lanes');
    expect(looked.code).toBe(1);
    expect(looked.text).toContain(found);
    const before = await row();
    const dry = await operate(this.harness, 'resume', '--lane', String(lane));
    expect(dry).toMatchObject({ code: 0, text: expect.stringContaining('Nothing was changed') });
    expect(await row()).toEqual(before);
    const done = await operate(this.harness, 'resume', '--lane', String(lane), '--yes');
    expect(done).toMatchObject({ code: 0, text: expect.stringContaining('taken up by') });
    return done.text;
  }

  /** Checks that the lane's limit records are published again, in its generation, and correct. */
  async expectLimits(lane: number): Promise<void> {
    const { subAccountId } = this.customerOf(lane);
    const wanted = await this.generation(lane);
    const last = () => lastLimits(this.harness.limits.values).get(subAccountId);
    await eventually(() => last()?.generation === wanted);
    await eventually(async () => {
      const sql = 'SELECT rebuild_limits AS is_due FROM lanes WHERE lane = $1';
      return !(await this.harness.one<{ is_due: boolean }>(sql, [lane])).is_due;
    });
    const sql = 'SELECT used FROM sub_accounts WHERE sub_account_id = $1';
    const { used } = await this.harness.one<{ used: string }>(sql, [subAccountId]);
    await eventually(() => Number(last()?.used) * 1_000 === Number(used));
  }
}
