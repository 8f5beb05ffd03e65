import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { RecordProducer } from '@subledger/kafka';
import { startTelemetry } from '@subledger/service-kit';
import { eventually, messageRecord, messageSent } from '@subledger/testing';
import { TestGateway } from '../test-support/test-gateway.js';

/** Each stands for something that must never be read in a log line or a trace. */
const SECRETS = {
  content: 'MARKED-content-of-a-message',
  recipient: '+819077770001',
  password: 'MARKEDpassword1',
  wrongPassword: 'MARKEDwrong1',
  wrongKey: 'slk_MARKED-wrong-key',
};
let gateway: TestGateway;
let producer: RecordProducer;
let collector: Server;
let traced = '';
let telemetry: Awaited<ReturnType<typeof startTelemetry>>;

beforeAll(async () => {
  collector = createServer((request, response) => {
    request.on('data', (chunk) => {
      traced += chunk;
    });
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = endpoint;
  telemetry = await startTelemetry('gateway');
  gateway = await TestGateway.start({ LOG_LEVEL: 'trace' });
  producer = new RecordProducer(gateway.kafka);
});
afterAll(async () => {
  delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
  await producer?.close();
  await gateway?.stop();
  collector?.closeAllConnections();
  collector?.close();
});

test('no content, recipient, password or key is in a log line at any level, or in a trace', async () => {
  const main = await gateway.mainAccount();
  const path = `/v1/main-accounts/${main}`;
  const sub = (
    await gateway.call('POST', `${path}/sub-accounts`, {
      body: { name: 'Own', password: SECRETS.password, limit: '100' },
    })
  ).body.id;
  const messageOf = (messageId: string, more: object = {}) =>
    messageSent({
      mainAccountId: main,
      subAccountId: sub,
      messageId,
      content: SECRETS.content,
      ...more,
    });
  const good = messageOf('m-1', { recipient: SECRETS.recipient });
  // One that the log cannot take, so that what is said of failures is looked at, too.
  const bad = messageRecord(
    messageOf('m-2', { recipient: SECRETS.recipient, points: 'MARKED-not-a-number' }),
  );
  await producer.send([messageRecord(good), bad]);
  await eventually(async () => {
    const { body } = await gateway.call(
      'GET',
      `${path}/messages?recipient=${encodeURIComponent(SECRETS.recipient)}`,
    );
    return body.items?.[0]?.content === SECRETS.content;
  });
  await gateway.call('GET', `${path}/messages.csv`);
  const mainAccount = await gateway.loginKey(main);
  const session = await gateway.logIn({ mainAccount, subAccount: 'Own', password: SECRETS.password });
  await gateway.call('GET', '/v1/me/messages', { session });
  await gateway.call('POST', '/v1/session', {
    key: null,
    body: { mainAccount, subAccount: 'Own', password: SECRETS.wrongPassword },
  });
  await gateway.call('GET', '/v1/session', { key: SECRETS.wrongKey });
  const made = await gateway.call('POST', `${path}/api-keys`, { body: { name: 'one', scopes: ['read'] } });
  await gateway.call('GET', path, { key: made.body.key });
  await gateway.call('POST', `${path}/sub-accounts`, {
    raw: `{"name":"Own","password":"${SECRETS.password}","limit":`,
  });
  await gateway.call('PATCH', `${path}/sub-accounts/${sub}`, {
    body: { password: SECRETS.password, colour: 1 },
  });
  trace.getTracer('suite').startSpan('a span of the suite').end();
  await telemetry.stop();

  const logged = gateway.logged.join('\n');
  const token = session.cookie.split('=')[1] ?? '';
  expect(gateway.logged.length).toBeGreaterThan(0);
  for (const secret of [...Object.values(SECRETS), made.body.key, token, session.csrfToken]) {
    expect(logged).not.toContain(secret);
    expect(logged).not.toContain(encodeURIComponent(secret));
    expect(traced).not.toContain(secret);
    expect(traced).not.toContain(encodeURIComponent(secret));
  }
  expect(logged).not.toContain('MARKED');
  // Spans do come here, so that what were in one would be found.
  expect(traced).toContain('a span of the suite');
});
