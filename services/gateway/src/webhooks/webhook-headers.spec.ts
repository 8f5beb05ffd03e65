import { expect, test } from '@jest/globals';
import { retryDelayMs } from './retry-delay.js';
import { webhookHeaders } from './webhook-headers.js';
import { newWebhookSecret, WebhookSecrets } from './webhook-secrets.js';

test('the test vector of the Standard Webhooks libraries', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const at = new Date(1_614_265_330_999);
  const headers = webhookHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', at, '{"test": 2432232314}', [secret]);
  expect(headers).toMatchObject({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('a secret is sealed for its webhook and key, and differently each time', () => {
  const secrets = new WebhookSecrets('a key of the suite, long enough');
  const secret = newWebhookSecret();
  const sealed = secrets.seal(secret, 'wh_1');
  expect(secrets.open(sealed, 'wh_1')).toBe(secret);
  expect(Buffer.from(sealed).includes(secret.slice(6))).toBe(false);
  expect(Buffer.from(secrets.seal(secret, 'wh_1'))).not.toEqual(Buffer.from(sealed));
  expect(() => secrets.open(sealed, 'wh_2')).toThrow();
  expect(() => new WebhookSecrets('another key of the suite').open(sealed, 'wh_1')).toThrow();
  expect(() =>
    secrets.open(
      sealed.map((byte, index) => (index === 40 ? byte ^ 1 : byte)),
      'wh_1',
    ),
  ).toThrow();
});

test('pauses grow from 5 seconds to 4 hours, and vary by a fifth', () => {
  const seconds = (attempts: number, random = 0.5) => retryDelayMs(attempts, 5_000, random) / 1_000;
  expect([1, 2, 3, 8, 9, 20, 5_000].map((attempts) => seconds(attempts))).toEqual([
    5, 15, 45, 10_935, 14_400, 14_400, 14_400,
  ]);
  expect([seconds(1, 0), seconds(1, 1)]).toEqual([4, 6]);
  let sum = 0;
  let pauses = 0;
  while (sum < 86_400) {
    pauses += 1;
    sum += seconds(pauses);
  }
  // As docs/webhooks.md has it: about 14 attempts in 24 hours.
  expect(pauses + 1).toBe(14);
});
