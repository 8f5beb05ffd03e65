import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { eventually, TcpProxy } from '@subledger/testing';
import { assertBooks } from '../testing/assert-books.js';
import { allLanes, LedgerHarness } from '../testing/ledger-harness.js';
import { eventsOf, openCustomer, sentMessage } from '../testing/scenes.js';

describe('an outage of the database', () => {
  const harness = new LedgerHarness();
  const url = new URL(harness.databaseUrl);
  let proxy: TcpProxy;

  beforeAll(async () => {
    await harness.open();
    proxy = await TcpProxy.start({ host: url.hostname, port: Number(url.port) });
    url.host = `127.0.0.1:${proxy.port}`;
  });
  afterAll(async () => {
    await harness.close();
    await proxy.close();
  });

  it('makes lanes wait, and loses and doubles nothing', async () => {
    const ledger = await harness.startLedger({
      DATABASE_URL: url.href,
      LANE_BATCH: '20',
      KAFKA_GROUP: 'first',
    });
    const customer = await openCustomer(harness, { points: '100000', limit: '1000' });
    const send = async (from: number, to: number) => {
      for (let i = from; i < to; i += 1) {
        const message = sentMessage(customer, '2', `m-${i}`);
        await harness.message('message.sent', message, message.messageId);
      }
    };
    // Cut in the midst of traffic, more than once: some transactions are at their COMMIT.
    let sent = 0;
    for (let round = 0; round < 3; round += 1) {
      const sending = send(sent, sent + 200);
      sent += 200;
      await sleep(30 + 40 * round);
      proxy.cut();
      await eventually(() => allLanes(ledger).some((lane) => lane?.state === 'waiting'));
      expect(() => ledger.lanes.assertRunning()).toThrow(/waiting/);
      await sleep(200);
      proxy.restore();
      await sending;
      await eventually(() => allLanes(ledger).every((lane) => lane?.state === 'running'));
    }
    const isLast = (value: { data: { messageId?: string } }) => value.data.messageId === `m-${sent - 1}`;
    await harness.events.until((values) => values.some(isLast));
    const events = eventsOf(harness.events.values, customer.mainAccountId);
    const sequences = new Set(events.map((value) => value.data.sequence));
    expect(sequences.size).toBe(Math.max(...sequences));
    const { charges } = await harness.one<{ charges: string }>('SELECT count(*) AS charges FROM charges');
    expect(charges).toBe(String(sent));
    await assertBooks(harness.db);
    await ledger.stop();
  });

  it('that swallows only the answer to a commit repeats nothing of it', async () => {
    const ledger = await harness.startLedger({ DATABASE_URL: url.href });
    const { mainAccountId } = await openCustomer(harness);
    await eventually(() => allLanes(ledger).every((lane) => lane?.state === 'running'));
    proxy.loseAnswers(1, (bytes) => bytes.includes('ledger-batch'));
    // If it were processed twice, it would be dead-lettered twice: nothing else prevents that.
    const nonsense = ['{"nonsense":', '{"more nonsense":'] as const;
    await harness.send(TOPICS.commands, mainAccountId, nonsense[0]);
    await eventually(() => proxy.lost === 1);
    const id = await harness.command('points.purchase', { mainAccountId, points: '1' });
    await harness.outcome(id);
    // The letters of one main account are in order: the second one comes after whatever there is of the first.
    await harness.send(TOPICS.commands, mainAccountId, nonsense[1]);
    const sizes = () => harness.deadLetters.values.map(({ valueBytes }) => valueBytes);
    await harness.deadLetters.until(() => sizes().includes(nonsense[1].length));
    expect(sizes()).toEqual(nonsense.map(({ length }) => length));
    await assertBooks(harness.db);
    await ledger.stop();
  });
});
