import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway?.stop());

describe('main accounts', () => {
  test('creating one answers 201 with the outcome of the ledger, and the next read agrees', async () => {
    const created = await gateway.call('POST', '/v1/main-accounts', {
      body: {
        name: 'Kita Clinic',
        plan: 'postpay',
        creditLimit: '5000',
        login: 'Kita',
        password: 'long-secret',
      },
    });
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe(`/v1/main-accounts/${created.body.id}`);
    expect(created.body).toEqual({
      id: expect.stringMatching(/^ma_[0-9a-f-]{36}$/),
      name: 'Kita Clinic',
      plan: 'postpay',
      timeZone: 'Asia/Tokyo',
      nextTimeZone: null,
      country: 'JP',
      creditLimit: '5000',
      fundingPolicy: 'full',
      suspendBelow: null,
      suspensions: [],
      feature: 'inactive',
      period: '2026-11',
      balance: '0',
      allocated: '0',
      loginUrl: expect.stringMatching(/^http:\/\/gateway\.test\/login\/[A-Za-z0-9_-]{16}$/),
      createdAt: expect.any(String),
    });
    const read = await gateway.call('GET', `/v1/main-accounts/${created.body.id}`);
    expect(read.body).toEqual(created.body);
    const login = await gateway.database.client.query('SELECT password_hash FROM gateway.login');
    expect(login.rows[0].password_hash).toMatch(/^\$argon2id\$/);
  });
});
