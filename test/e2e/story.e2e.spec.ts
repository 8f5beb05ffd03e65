/** The help article's story by HTTP, on the built services: what a customer is told must be what happens. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem, SubAccountView } from '@subledger/contracts';
import { nextPeriod, periodStart } from '@subledger/core';
import { RecordProducer } from '@subledger/kafka';
import { eventually, messageRecord, messageRefunded, messageSent, TestSystem } from '@subledger/testing';
import { type Customer, mainOf, makeCustomer, makeSub, subOf, transfersOf } from './customer.js';

describe('the story of a sub-account', () => {
  let system: TestSystem;
  let producer: RecordProducer;
  let customer: Customer;
  let sales: SubAccountView;

  beforeAll(async () => {
    system = await TestSystem.start();
    producer = new RecordProducer(system.kafka);
    customer = await makeCustomer(system, '10000');
  });
  afterAll(async () => {
    await producer?.close();
    await system?.stop();
  });

  const ids = () => ({ mainAccountId: customer.id, subAccountId: sales.id });
  const send = (count: number, points: string) =>
    producer.send(Array.from({ length: count }, () => messageRecord(messageSent({ ...ids(), points }))));

  /** All that a refusal must leave as it is. */
  const everything = async () => {
    const sub = await subOf(customer, sales.id);
    return { main: await mainOf(customer), sub, transfers: await transfersOf(customer, sales.id) };
  };

  it('moves a limit of 1,000 from the main account to the sub-account', async () => {
    sales = await makeSub(customer, 'Sales', '1000');
    expect(sales).toMatchObject({
      status: 'active',
      limit: '1000',
      granted: '1000',
      used: '0',
      remaining: '1000',
    });
    expect(await mainOf(customer)).toMatchObject({ balance: '9000', allocated: '1000' });
  });

  it('charges messages to the sub-account: 150 used, 850 remaining', async () => {
    await send(50, '3');
    await eventually(async () => (await subOf(customer, sales.id)).used === '150');
    expect(await subOf(customer, sales.id)).toMatchObject({ used: '150', remaining: '850', overage: '0' });
    expect(await mainOf(customer)).toMatchObject({ balance: '9000', allocated: '850' });
  });

  it('refuses a limit above the balance with needed and available, and changes nothing', async () => {
    const before = await everything();
    const path = `${customer.path}/sub-accounts/${sales.id}`;
    const { status, headers, body } = await customer.api.request<Problem>('PATCH', path, {
      body: { limit: '50000' },
    });
    expect(status).toBe(409);
    expect(headers.get('content-type')).toContain('application/problem+json');
    // 50,000 − 150 used is the new target; 850 of it are there.
    expect(body).toMatchObject({ code: 'insufficient-main-balance', needed: '49000', available: '9000' });
    expect(await everything()).toEqual(before);
  });

  it('refuses a sub-account if the balance does not cover its limit, and its name stays free', async () => {
    const body = { name: 'Greedy', password: 'Marmot7Lantern', limit: '9001' };
    const refused = await customer.api.request<Problem>('POST', `${customer.path}/sub-accounts`, { body });
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      code: 'insufficient-main-balance',
      needed: '9001',
      available: '9000',
    });
    const again = await makeSub(customer, 'greedy', '0');
    await customer.api.call('DELETE', `${customer.path}/sub-accounts/${again.id}`);
  });

  it('returns the unused points at the month start and re-applies the limit', async () => {
    const { period, timeZone } = await mainOf(customer);
    const at = new Date(periodStart(nextPeriod(period), timeZone)).toISOString();
    // The scheduler learns of a customer by an event, a moment after the gateway answered.
    await eventually(
      async () => {
        await system.runJob('month-start', '--at', at);
        return (await mainOf(customer)).period === nextPeriod(period);
      },
      { timeoutMs: 60_000 },
    );
    expect(await mainOf(customer)).toMatchObject({ balance: '8850', allocated: '1000' });
    expect(await subOf(customer, sales.id)).toMatchObject({ limit: '1000', used: '0', remaining: '1000' });
    const lines = await transfersOf(customer, sales.id);
    expect(lines.slice(-2)).toMatchObject([
      { kind: 'month-return', from: 'sub', to: 'main', points: '850', balanceAfter: '0', period },
      { kind: 'limit-grant', from: 'main', to: 'sub', points: '1000', balanceAfter: '1000' },
    ]);
    await system.runJob('month-start', '--at', at);
    expect(await transfersOf(customer, sales.id)).toHaveLength(lines.length);
  });

  it('lets messages beyond the limit be paid by the main account, and a refund repay it first', async () => {
    const large = messageSent({ ...ids(), points: '1200' });
    await producer.send([messageRecord(large)]);
    await eventually(async () => (await subOf(customer, sales.id)).used === '1200');
    expect(await subOf(customer, sales.id)).toMatchObject({ remaining: '0', overage: '200' });
    expect((await mainOf(customer)).balance).toBe('8650');
    const { messageId } = large.data;
    await producer.send([messageRecord(messageRefunded({ ...ids(), messageId, points: '1200' }))]);
    await eventually(async () => (await subOf(customer, sales.id)).used === '0');
    expect(await subOf(customer, sales.id)).toMatchObject({ remaining: '1000', overage: '0' });
    expect((await mainOf(customer)).balance).toBe('8850');
  });

  it('refuses a plan switch while a sub-account is active, and names it', async () => {
    const { status, body } = await system.operator.request<Problem>('POST', `${customer.path}/plan`, {
      body: { plan: 'postpay' },
    });
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'sub-accounts-active', blockers: [sales.id], blockerCount: 1 });
    expect((await mainOf(customer)).plan).toBe('prepay');
  });

  it('returns the rest at deactivation, and then lets the plan be switched', async () => {
    await send(1, '100');
    await eventually(async () => (await subOf(customer, sales.id)).used === '100');
    const path = `${customer.path}/sub-accounts/${sales.id}/deactivate`;
    expect(await customer.api.post(path)).toMatchObject({ status: 'inactive', remaining: '0' });
    expect(await mainOf(customer)).toMatchObject({ balance: '9750', allocated: '0' });
    expect((await transfersOf(customer, sales.id)).at(-1)).toMatchObject({
      kind: 'deactivation-return',
      points: '900',
    });
    const switched = await system.operator.post(`${customer.path}/plan`, { plan: 'postpay' });
    expect(switched).toMatchObject({ plan: 'postpay' });
  });
});
