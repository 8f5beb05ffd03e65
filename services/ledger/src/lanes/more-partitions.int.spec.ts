import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { commandType, messageType, TOPICS } from '@subledger/contracts';
import { DeadLetterSeal, growTopic, RecordProducer, toDeadLetter } from '@subledger/kafka';
import { DEVELOPMENT_DEAD_LETTER_KEY } from '@subledger/service-kit';
import { eventually } from '@subledger/testing';
import { event, PARTITIONS, type WatchedLedger } from '../testing/ledger-harness.js';
import { operate } from '../testing/operate.js';
import { sentMessage } from '../testing/scenes.js';
import { StoppedLaneScene } from '../testing/stopped-lane-scene.js';

const MORE = PARTITIONS + 2;
/** More partitions are noticed when a consumer looks at the metadata again. */
const NOTICED_MS = 60_000;
const scene = new StoppedLaneScene();
const { harness } = scene;

beforeAll(() => scene.open());
afterAll(() => harness.close());

/** As a client that has heard of the partitions. */
async function write(topic: string, key: string, value: string, partition: number): Promise<void> {
  const producer = new RecordProducer(harness.kafka);
  await producer.send([{ topic, key, value, partition }]);
  await producer.close();
}

async function sendBeyond(id: string): Promise<void> {
  const customer = scene.customerOf(0);
  const value = event(messageType('message.sent'), id, sentMessage(customer, '1', id));
  await write(TOPICS.messages, customer.mainAccountId, value, MORE - 1);
}

async function purchaseBeyond(id: string): Promise<void> {
  const { mainAccountId } = scene.customerOf(1);
  const value = event(commandType('points.purchase'), id, { mainAccountId, points: '5' });
  await write(TOPICS.commands, mainAccountId, value, PARTITIONS);
}

/** As a ledger of more lanes, or another writer, puts it aside. */
async function deadLetterBeyond(id: string): Promise<void> {
  const { mainAccountId } = scene.customerOf(1);
  const letter = toDeadLetter(
    {
      ...{
        topic: TOPICS.commands,
        partition: 0,
        offset: 7n,
        key: mainAccountId,
        headers: {},
        timestampMs: 0,
      },
      value: Buffer.from(event(commandType('points.purchase'), id, { mainAccountId, points: '-5' })),
    },
    'invalid-data',
    'below zero',
    TOPICS.deadLetters,
    new DeadLetterSeal(DEVELOPMENT_DEAD_LETTER_KEY),
  );
  const producer = new RecordProducer(harness.kafka);
  await producer.send([{ ...letter, partition: MORE - 1 }]);
  await producer.close();
}

it('reads records on partitions beyond the lanes, for either topic, and stops no lane', async () => {
  const ledger = await harness.startLedger();
  await growTopic(harness.kafka, TOPICS.messages, MORE);
  await sendBeyond('beyond-1');
  await eventually(async () => (await scene.timesBooked(['beyond-1']))[0] === 1, { timeoutMs: NOTICED_MS });
  await eventually(() => note(ledger).includes(`beyond them: ${PARTITIONS}, ${MORE - 1}`));
  expect(ledger.health.readiness.checks).toMatchObject({ lanes: { ok: true }, consumer: { ok: true } });
  await eventually(async () => (await ledger.metrics.metrics()).includes('ledger_lanes_beyond 2'));
  const { code, text } = await operate(harness, 'lanes');
  expect([code, text]).toEqual([0, expect.stringContaining('docs/operations/more-partitions.md')]);

  // The other one too, and what the ledger writes to; this time seen by one that starts.
  for (const topic of [TOPICS.commands, TOPICS.events, TOPICS.limits, TOPICS.deadLetters])
    await growTopic(harness.kafka, topic, MORE);
  await ledger.stop();
  const next = await harness.startLedger();
  await purchaseBeyond('beyond-2');
  await sendBeyond('beyond-3');
  const outcome = await harness.outcome('beyond-2');
  expect(outcome.type).toBe('subledger.points.purchased.v1');
  await eventually(async () => (await scene.timesBooked(['beyond-1', 'beyond-3'])).join() === '1,1');
  expect(harness.events.records.every(({ partition }) => partition < PARTITIONS)).toBe(true);
  // Looked at once a second.
  await eventually(() => Object.values(next.health.readiness.checks).every(({ ok }) => ok));
  await scene.assertInvariants();

  await deadLetterBeyond('beyond-4');
  const place = `${TOPICS.deadLetters}:${MORE - 1}:0`;
  for (const args of [['list'], ['show', place], ['show', `${TOPICS.commands}:0:7`]]) {
    const shown = await operate(harness, 'dead-letters', ...args);
    expect([shown.code, shown.text]).toEqual([0, expect.stringContaining(place)]);
  }
}, 150_000);

function note({ health }: WatchedLedger): string {
  const { lanes } = health.readiness.checks;
  return lanes?.ok ? (lanes.note ?? '') : '';
}
