/** Profiles of sub-accounts on their topic, with the gateway killed after the commit and before it publishes. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ProfileRecord, TOPICS } from '@subledger/contracts';
import { eventually, jsonOf, TestSystem, TopicReader } from '@subledger/testing';
import { type Customer, makeCustomer, makeSub } from './customer.js';

/** The lock of the instance that publishes: whoever holds it keeps all gateways from publishing. */
const LOCK = 7_355_608_001;
const NUMBERS = ['+815012345678', '+815087654321'];

describe('profiles', () => {
  let system: TestSystem;
  let reader: TopicReader;
  let customer: Customer;
  beforeAll(async () => {
    system = await TestSystem.start({ services: ['gateway', 'ledger'] });
    reader = await TopicReader.open(system.kafka, TOPICS.profiles);
    customer = await makeCustomer(system, '1000');
  });
  afterAll(async () => {
    await reader?.close();
    await system?.stop();
  });

  const last = () =>
    new Map(
      reader.records.map((record) => [
        record.key,
        record.value === null ? null : jsonOf<ProfileRecord>(record),
      ]),
    );
  const notes = async () =>
    (await system.database.client.query('SELECT 1 FROM gateway.profile_change')).rowCount ?? 0;

  it('lose nothing when the gateway is killed between commit and publication', async () => {
    // One connection, kept: the lock goes with it.
    const holder = await system.database.client.connect();
    const before = await makeSub(customer, 'Before', '10');
    await reader.waitFor(({ key }) => key === before.id);
    await eventually(async () => (await notes()) === 0);
    await system.service('gateway').kill9();
    await eventually(
      async () => (await holder.query('SELECT pg_try_advisory_lock($1) AS mine', [LOCK])).rows[0].mine,
    );
    await system.startService('gateway');

    await system.operator.call('PUT', `${customer.path}/sender-numbers`, {
      body: { senderNumbers: NUMBERS },
    });
    const fresh = await makeSub(customer, 'Fresh', '10');
    const gone = await makeSub(customer, 'Gone', '10');
    const path = `${customer.path}/sub-accounts`;
    const change = { name: 'Renamed', senderNumbers: NUMBERS };
    await customer.api.call('PATCH', `${path}/${before.id}`, { body: change });
    await customer.api.call('DELETE', `${path}/${gone.id}`);
    await system.service('gateway').kill9();
    const published = reader.records.length;
    expect(await notes()).toBeGreaterThanOrEqual(3);

    holder.release(true);
    await system.startService('gateway');
    await eventually(async () => (await notes()) === 0, { what: 'the outbox to be empty' });
    await reader.waitUntil(() => last().has(gone.id) && last().has(fresh.id));
    expect(reader.records.length).toBeGreaterThan(published);
    expect(last().get(before.id)).toMatchObject({ name: 'Renamed', senderNumbers: NUMBERS, version: 2 });
    expect(last().get(fresh.id)).toMatchObject({ name: 'Fresh', senderNumbers: [], version: 1 });
    expect(last().get(gone.id)).toBeNull();
  });
});
