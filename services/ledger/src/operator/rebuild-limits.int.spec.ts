import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import { eventually } from '@subledger/testing';
import { assertBooks } from '../testing/assert-books.js';
import { readTopic, recreateTopic } from '../testing/calamities.js';
import { allLanes, LedgerHarness, newSub } from '../testing/ledger-harness.js';
import { operate } from '../testing/operate.js';
import { type Customer, openCustomer, sentMessage } from '../testing/scenes.js';

const GRACE_MS = 1_500;
const ENV = { TOMBSTONE_GRACE_MS: String(GRACE_MS) };

describe('the topic of limit records', () => {
  const harness = new LedgerHarness();
  const customers: Customer[] = [];
  beforeAll(async () => {
    await harness.open();
    const ledger = await harness.startLedger(ENV);
    for (let main = 0; main < 4; main += 1) {
      const first = await openCustomer(harness, { points: '100000', limit: '1000' });
      customers.push(first);
      for (let sub = 0; sub < 4; sub += 1) {
        const customer = { ...first, subAccountId: newSub() };
        await harness.command('sub-account.open', { ...customer, limit: '1000' });
        customers.push(customer);
      }
    }
    await harness.outcome(await harness.command('main-account.suspend', { ...of(0) }));
    await ledger.stop();
    // Its reader would not find the topic any more.
    await harness.limits.close();
  });
  afterEach(() => assertBooks(harness.db));
  afterAll(() => harness.close());

  const of = (index: number): Customer => customers[index] as Customer;

  const charged = (messageId: string) =>
    harness.events.until((values) =>
      values.some(
        ({ type, data }) => type === 'subledger.message.charged.v1' && data.messageId === messageId,
      ),
    );

  /** Each sub-account's last record is what the books have, and none is older than one before it. */
  async function assertLimits(): Promise<void> {
    const records = await readTopic(harness.kafka, TOPICS.limits);
    const byKey = Map.groupBy(records, ({ key }) => key as string);
    for (const [key, own] of byKey) expect([key, backwards(own)]).toEqual([key, 0]);
    const { rows } = await harness.db.query<{
      id: string;
      used: string;
      remaining: string;
      lifecycle: string;
    }>('SELECT sub_account_id AS id, used, remaining, lifecycle FROM sub_accounts');
    expect(rows.length).toBe(customers.length);
    for (const { id, used, remaining, lifecycle } of rows) {
      const last = byKey.get(id)?.at(-1);
      const value = last?.value ? JSON.parse(last.value.toString()) : null;
      if (lifecycle === 'deleted')
        expect([id, last !== undefined, value?.status ?? 'deleted']).toEqual([id, true, 'deleted']);
      else
        expect({ id, used: value?.used, remaining: value?.remaining }).toEqual({
          id,
          used: text(used),
          remaining: text(remaining),
        });
    }
  }

  it('is filled again after it was lost, during traffic', async () => {
    const ledger = await harness.startLedger(ENV);
    const gone = of(4);
    await harness.outcome(await harness.command('sub-account.delete', { ...gone }));
    let isOver = false;
    let last = '';
    // Of the other half of the sub-accounts there is nothing but what the rebuild brings.
    const traffic = (async () => {
      for (let i = 0; !isOver; i += 1) {
        last = `m-${i}`;
        await harness.message('message.sent', sentMessage(of(10 + (i % 10)), '1', last), last);
      }
    })();
    await recreateTopic(harness, TOPICS.limits);
    await eventually(() => allLanes(ledger).every((lane) => lane?.state === 'running'));
    const { code, text: said } = await operate(harness, 'rebuild-limits');
    expect([code, said]).toEqual([0, expect.stringContaining('Done')]);
    // Some traffic after the rebuild, too.
    await charged(last);
    isOver = true;
    await traffic;
    await charged(last);
    await eventually(() =>
      assertLimits().then(
        () => true,
        () => false,
      ),
    ).catch(assertLimits);
    // All of one lane again, with nothing else going on.
    expect((await operate(harness, 'rebuild-limits', '--lane', '1')).code).toBe(0);
    await assertLimits();
    await ledger.stop();
  });

  const recordsOf = async (subAccountId: string) =>
    (await readTopic(harness.kafka, TOPICS.limits)).filter(({ key }) => key === subAccountId);

  /** Deletes a sub-account, and waits until its record is gone. */
  async function forget({ mainAccountId, subAccountId }: Customer): Promise<void> {
    const last = async () => (await recordsOf(subAccountId)).at(-1);
    await harness.outcome(await harness.command('sub-account.delete', { mainAccountId, subAccountId }));
    await eventually(async () => (await last())?.value?.includes('"status":"deleted"') ?? false);
    await eventually(async () => (await last())?.value === null);
  }

  it('forgets a deleted sub-account after a grace time, once, despite late facts', async () => {
    const ledger = await harness.startLedger(ENV);
    const { subAccountId } = of(8);
    await forget(of(8));
    // Another one of the same main account is forgotten a grace time later: this one would be again until then.
    await forget(of(9));
    expect((await recordsOf(subAccountId)).filter(({ value }) => value === null)).toHaveLength(1);

    await harness.message('message.sent', sentMessage(of(8), '1', 'late'), 'late');
    await charged('late');
    expect((await operate(harness, 'rebuild-limits')).code).toBe(0);
    const records = await recordsOf(subAccountId);
    const firstNull = records.findIndex(({ value }) => value === null);
    expect(records.slice(firstNull).every(({ value }) => value === null)).toBe(true);
    await assertLimits();
    await ledger.stop();
  });

  it('is filled again by a ledger that starts later, and the operator sees it', async () => {
    const before = (await readTopic(harness.kafka, TOPICS.limits)).length;
    const { code, text: said } = await operate(harness, 'rebuild-limits', '--timeout', '1');
    expect(code).toBe(1);
    expect(said).toContain('No ledger is connected');
    expect((await operate(harness, 'lanes')).text).toContain('rebuilding limits');
    const ledger = await harness.startLedger(ENV);
    await eventually(async () => !(await operate(harness, 'lanes')).text.includes('rebuilding limits'));
    expect((await readTopic(harness.kafka, TOPICS.limits)).length).toBe(before + customers.length);
    await assertLimits();
    await ledger.stop();
  });
});

const text = (millipoints: string): string => String(Number(millipoints) / 1_000);

/** How often a record is older than the one before it. */
function backwards(records: readonly KafkaRecord[]): number {
  let count = 0;
  let before = [0, 0, -1];
  for (const { value } of records) {
    if (value === null) continue;
    const { generation, sequence, position } = JSON.parse(value.toString());
    const now = [generation, sequence, Number(position?.offset ?? -1)];
    if (now.some((part, index) => part < (before[index] as number))) count += 1;
    before = now;
  }
  return count;
}
