/** The SDK of the SMS service against the whole system: what it allows is what the books can bear. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SubAccountView } from '@subledger/contracts';
import { ROOT } from '@subledger/service-kit/installed-services';
import { eventually, newMessageId, TestSystem } from '@subledger/testing';
import { HoldClient, LimitFeed, MessageReporter } from '@subledger/upstream';
import { type Customer, makeCustomer, makeSub, subOf } from './customer.js';

const run = promisify(execFile);

describe('the SDK', () => {
  let system: TestSystem;
  let customer: Customer;
  let sub: SubAccountView;
  let feed: LimitFeed;
  let reporter: MessageReporter;

  beforeAll(async () => {
    system = await TestSystem.start({ services: ['ledger', 'gateway'] });
    customer = await makeCustomer(system, '1000');
    sub = await makeSub(customer, 'Desk', '100');
    const { kafka } = system;
    feed = new LimitFeed({ kafka });
    reporter = new MessageReporter({ kafka, feed });
    await feed.start();
    await feed.ready(30_000);
    await eventually(() => feed.get(sub.id));
  });
  afterAll(async () => {
    await reporter?.close();
    await feed?.close();
    await system?.stop();
  });

  const report = (messageId: string, points: string, paidByHold = false) =>
    reporter.report({
      type: 'message.sent',
      messageId,
      mainAccountId: customer.id,
      subAccountId: sub.id,
      sentAt: new Date().toISOString(),
      sender: 'Test',
      recipient: '+819000000001',
      content: 'x',
      segments: 1,
      points,
      paidByHold,
    });

  it('spends a limit to the end in bursts, and not a point beyond', async () => {
    let allowed = 0;
    for (let burst = 0; burst < 20; burst += 1) {
      const reports = [];
      for (let n = 0; n < 10; n += 1) {
        const messageId = newMessageId();
        if (!feed.take({ subAccountId: sub.id, messageId, points: '1.5' }).allowed) continue;
        allowed += 1;
        reports.push(report(messageId, '1.5'));
      }
      await Promise.all(reports);
    }
    expect(allowed).toBe(66);
    const after = await eventually(async () => {
      const now = await subOf(customer, sub.id);
      return now.used === '99' ? now : undefined;
    });
    expect(after).toMatchObject({ overage: '0', remaining: '1' });
    await eventually(() => feed.status().reserved === 0);
    expect(feed.check({ subAccountId: sub.id, points: '1.5' })).toEqual({
      allowed: false,
      reason: 'limit',
      remaining: 1_000n,
    });
    expect(feed.get(sub.id)).toMatchObject({ used: 99_000n, remaining: 1_000n });
  });

  it('holds over HTTP and over Kafka: placed, paid, refused, released, barred', async () => {
    await customer.api.call('PATCH', `${customer.path}/sub-accounts/${sub.id}`, { body: { limit: '110' } });
    const { kafka, gatewayUrl, upstreamKey } = system;
    const clients = [
      HoldClient.overHttp({ gatewayUrl, apiKey: upstreamKey, timeoutMs: 15_000 }),
      HoldClient.overKafka({ kafka, timeoutMs: 15_000 }),
    ];
    for (const holds of clients) {
      const { used } = await subOf(customer, sub.id);
      const request = { mainAccountId: customer.id, subAccountId: sub.id, points: '2' };
      const [sent, unsent, barred] = [newMessageId(), newMessageId(), newMessageId()];
      expect(await holds.hold({ ...request, messageId: sent })).toMatchObject({
        outcome: 'placed',
        points: '2',
      });
      await report(sent, '2', true);
      await eventually(async () => (await subOf(customer, sub.id)).used === String(Number(used) + 2));
      expect(await holds.hold({ ...request, messageId: sent })).toMatchObject({ code: 'already-charged' });
      expect(await holds.hold({ ...request, messageId: unsent })).toMatchObject({ outcome: 'placed' });
      expect(await holds.hold({ ...request, messageId: newMessageId(), points: '50' })).toMatchObject({
        outcome: 'refused',
        code: 'limit-exceeded',
      });
      expect(await holds.release({ ...request, messageId: unsent })).toEqual({
        outcome: 'released',
        points: '2',
      });
      expect(await holds.release({ ...request, messageId: barred })).toEqual({
        outcome: 'released',
        points: '0',
      });
      expect(await holds.hold({ ...request, messageId: barred })).toMatchObject({ code: 'hold-released' });
      await holds.close();
    }
    expect(await subOf(customer, sub.id)).toMatchObject({ overage: '0', held: '0' });
  });

  it('the example in its README runs unchanged', async () => {
    const readme = await readFile(join(ROOT, 'packages/upstream/README.md'), 'utf8');
    const example = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const folder = await mkdtemp(join(tmpdir(), 'subledger-example-'));
    try {
      const dev = join(folder, 'dev.json');
      const { brokers, topicPrefix } = system.kafka;
      const upstream = { apiKey: system.upstreamKey };
      await writeFile(
        dev,
        JSON.stringify({ kafkaBrokers: brokers.join(','), gatewayUrl: system.gatewayUrl, upstream }),
      );
      const code = example
        .replace("'.subledger/dev.json'", JSON.stringify(dev))
        // The suites share a broker.
        .replace("clientId: 'sms-service'", `clientId: 'sms-service', topicPrefix: '${topicPrefix}'`);
      const args = ['--input-type=module', '--eval', code, 'example.mjs', customer.id, sub.id];
      const { stdout } = await run(process.execPath, args, {
        cwd: ROOT,
        env: { ...process.env, NODE_OPTIONS: '' },
        timeout: 60_000,
      });
      expect(stdout).toMatch(/^sent; there were [\d.]+\nsent on a hold; [\d.]+ left\n$/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
