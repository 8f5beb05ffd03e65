/** What keeps a customer from harm that nobody meant: on the built services, as operators and the SMS service meet it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditEntryView, MainAccountView, ResetPreviewView, TransferLine } from '@subledger/contracts';
import { RecordProducer } from '@subledger/kafka';
import { eventually, messageRecord, messageSent, TestSystem } from '@subledger/testing';
import { type Customer, mainOf, makeCustomer, makeSub, subOf } from './customer.js';

let system: TestSystem;
let producer: RecordProducer;
let customer: Customer;
let sub: string;

beforeAll(async () => {
  system = await TestSystem.start();
  producer = new RecordProducer(system.kafka);
  customer = await makeCustomer(system, '1000');
  sub = (await makeSub(customer, 'Front', '100')).id;
});
afterAll(async () => {
  await producer?.close();
  await system?.stop();
});

const operator = () => system.operator;
const patch = (body: object) => operator().request('PATCH', customer.path, { body });
const buy = (body: object) => operator().request('POST', `${customer.path}/purchases`, { body });

describe('time zones', () => {
  it.each(['JST', 'BST', 'IST', 'EST5EDT9', 'SystemV/PST8', 'US/Pacific-New', '+09:00'])(
    '%s is refused where it is set, by its field',
    async (timeZone) => {
      const patched = await patch({ timeZone });
      const made = await operator().request('POST', '/v1/main-accounts', {
        body: { name: 'Zone', plan: 'prepay', timeZone },
      });
      for (const { status, body } of [patched, made])
        expect([status, body]).toMatchObject([
          422,
          { code: 'validation-failed', errors: [{ path: 'timeZone' }] },
        ]);
    },
  );

  it('shows one that is to come beside the one that is, in the preview, too', async () => {
    expect((await mainOf(customer)).nextTimeZone).toBeNull();
    expect((await patch({ timeZone: 'Europe/Berlin' })).body).toMatchObject({
      timeZone: 'Asia/Tokyo',
      nextTimeZone: 'Europe/Berlin',
    });
    const preview = await customer.api.get<ResetPreviewView>(`${customer.path}/reset-preview`);
    expect(preview).toMatchObject({ timeZone: 'Asia/Tokyo', nextTimeZone: 'Europe/Berlin' });
    expect((await patch({ timeZone: 'Asia/Tokyo' })).body).toMatchObject({ nextTimeZone: null });
  });
});

describe('the same reference twice', () => {
  it('is refused with the transfer that had it first, until the operator insists', async () => {
    const first = await buy({ points: '10', reference: 'INV-7' });
    expect(first.status).toBe(201);
    const { sequence } = first.body as unknown as TransferLine;
    const again = await buy({ points: '500', reference: ' inv-7' });
    expect([again.status, again.body]).toMatchObject([
      409,
      { code: 'duplicate-reference', first: { transfer: sequence, points: '10' } },
    ]);
    expect((await buy({ points: '10', reference: 'INV-7', allowDuplicateReference: true })).status).toBe(201);
  });
});

describe('a debt', () => {
  it('stops all sending below the bound, and a purchase of what is lacking ends it', async () => {
    expect((await patch({ suspendBelow: '0' })).body).toMatchObject({ suspendBelow: '0', suspensions: [] });
    const message = messageSent({
      mainAccountId: customer.id,
      subAccountId: sub,
      messageId: 'much',
      points: '1500',
    });
    await producer.send([messageRecord(message)]);
    const stopped = await eventually(async () => {
      const main = await mainOf(customer);
      expect(main.suspensions).toEqual(['low-balance']);
      return main;
    });
    expect((await subOf(customer, sub)).status).toBe('suspended');

    const refused = await customer.api.request('POST', `${customer.path}/sub-accounts`, {
      body: { name: 'Back', password: 'correct1horse', limit: '5' },
    });
    expect([refused.status, refused.body]).toMatchObject([
      409,
      { code: 'insufficient-main-balance', needed: '5', available: stopped.balance },
    ]);
    const { lacking } = refused.body as unknown as { lacking: string };
    expect((await buy({ points: lacking, reference: 'INV-8' })).status).toBe(201);
    expect((await makeSub(customer, 'Back', '5')).remaining).toBe('5');
    const main: MainAccountView = await mainOf(customer);
    expect(main).toMatchObject({ balance: '0', suspensions: [] });

    const entries = await customer.api.list<AuditEntryView>(`${customer.path}/audit-log`);
    const own = entries.filter(({ actor }) => actor.kind === 'system');
    expect(own.map(({ action, after, outcome }) => [action, after, outcome])).toEqual([
      ['resumeSending', { reason: 'low-balance' }, 'done'],
      ['stopSending', { reason: 'low-balance' }, 'done'],
    ]);
  });
});
