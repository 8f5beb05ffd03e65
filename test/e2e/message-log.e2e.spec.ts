import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { RecordProducer } from '@subledger/kafka';
import { SeededRandom } from '@subledger/simulator';
import {
  eventually,
  messageRecord,
  messageRefunded,
  messageSent,
  messageStatus,
  newSubAccountId,
  TestSystem,
} from '@subledger/testing';

const SEED = Number(process.env.SEED ?? 20_261_124);
const MESSAGES = 400;

let system: TestSystem;
let producer: RecordProducer;

beforeAll(async () => {
  system = await TestSystem.start({ services: ['ledger', 'gateway'] });
  producer = new RecordProducer(system.kafka);
});
afterAll(async () => {
  await producer?.close();
  await system?.stop();
});

/** What the log has of each message, and what the ledger has, as lines to compare. */
async function bothSides(): Promise<{ log: string[]; ledger: string[] }> {
  const line = `main_account_id || ' ' || message_id || ' ' || sub_account_id || ' '`;
  const log = await system.database.client.query(
    `SELECT ${line} || millipoints || ' ' || refunded AS line FROM gateway.message_log ORDER BY 1`,
  );
  const ledger = await system.database.client.query(
    `SELECT ${line} || points || ' ' || refunded AS line FROM ledger.charges ORDER BY 1`,
  );
  return { log: log.rows.map(({ line: text }) => text), ledger: ledger.rows.map(({ line: text }) => text) };
}

test('the log has what the ledger booked, to the last point', async () => {
  const random = new SeededRandom(SEED);
  const { operator } = system;
  const main = await operator.call<{ id: string }>('POST', '/v1/main-accounts', {
    body: { name: 'Log', plan: 'prepay' },
  });
  await operator.call('POST', `/v1/main-accounts/${main.id}/activation`, { body: { decision: 'approve' } });
  await operator.call('POST', `/v1/main-accounts/${main.id}/purchases`, { body: { points: '100000' } });
  const sub = await operator.call<{ id: string }>('POST', `/v1/main-accounts/${main.id}/sub-accounts`, {
    body: { name: 'Sales1', password: 'correct1horse', limit: '500' },
  });
  const known = { mainAccountId: main.id, subAccountId: sub.id };
  const strangers = [
    { mainAccountId: main.id, subAccountId: newSubAccountId() },
    { mainAccountId: 'ma_nobody', subAccountId: sub.id },
  ];
  const events: Parameters<typeof messageRecord>[0][] = [];
  for (let index = 0; index < MESSAGES; index += 1) {
    const messageId = `m-${random.int(0, MESSAGES / 2)}`;
    const whose = random.chance(0.15) ? random.pick(strangers) : known;
    const points = random.pick(['0', '1', '1.2', '3']);
    const kind = random.int(0, 9);
    if (kind < 5) events.push(messageSent({ ...whose, messageId, points }));
    else if (kind < 8)
      events.push(
        messageRefunded(
          { ...whose, messageId, points: random.pick(['0.5', '1', '9']) },
          { id: `r-${random.int(0, MESSAGES / 2)}` },
        ),
      );
    else events.push(messageStatus({ ...whose, messageId }));
  }
  events.push(
    messageSent({
      ...known,
      messageId: 'ahead',
      sentAt: new Date(Date.now() + 25 * 3_600_000).toISOString(),
    }),
  );
  await producer.send([
    ...events.map(messageRecord),
    { topic: TOPICS.messages, key: main.id, value: '{"broken' },
    messageRecord(messageSent({ ...known, messageId: 'last' })),
  ]);
  await eventually(
    async () => {
      const { log, ledger } = await bothSides();
      if (!ledger.some((each) => each.includes(' last ')))
        throw new Error('the ledger has not read all of it');
      expect({ seed: SEED, lines: log }).toEqual({ seed: SEED, lines: ledger });
      return true;
    },
    { timeoutMs: 60_000 },
  );
  const { log } = await bothSides();
  expect(log.length).toBeGreaterThan(50);
  const usage = await operator.call<{ total: { points: string; refunded: string } }>(
    'GET',
    `/v1/main-accounts/${main.id}/usage`,
  );
  const { rows } = await system.database.client.query(
    'SELECT sum(points)::text AS points, sum(refunded)::text AS refunded FROM ledger.charges',
  );
  const millipoints = (text: string) => Math.round(Number(text) * 1_000);
  expect([millipoints(usage.total.points), millipoints(usage.total.refunded)]).toEqual([
    Number(rows[0].points),
    Number(rows[0].refunded),
  ]);
});
