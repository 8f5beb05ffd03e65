import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { DeadLetterSeal, parseDeadLetter } from '@subledger/kafka';
import { DEVELOPMENT_DEAD_LETTER_KEY } from '@subledger/service-kit';
import { eventually } from '@subledger/testing';
import { assertBooks } from '../testing/assert-books.js';
import { allLanes, LedgerHarness } from '../testing/ledger-harness.js';
import { operate } from '../testing/operate.js';
import { type Customer, mainOf, openCustomer, sentMessage } from '../testing/scenes.js';
import { spoilBatch } from '../testing/spoil-batch.js';

const LANE = 1;
const SEAL = new DeadLetterSeal(DEVELOPMENT_DEAD_LETTER_KEY);

describe('a batch that cannot be decoded', () => {
  const harness = new LedgerHarness();
  let customer: Customer;

  beforeAll(async () => {
    await harness.open();
    const ledger = await harness.startLedger();
    customer = await openCustomer(harness, { mainAccountId: mainOf(LANE) });
    await ledger.stop();
  });
  afterEach(async () => assertBooks(harness.db));
  afterAll(() => harness.close());

  const report = async (messageId: string) => {
    await harness.message('message.sent', sentMessage(customer, '1', messageId), messageId);
  };
  const charged = async (messageId: string) => {
    const { count } = await harness.one<{ count: string }>(
      'SELECT count(*) FROM charges WHERE main_account_id = $1 AND message_id = $2',
      [customer.mainAccountId, messageId],
    );
    return count === '1';
  };
  const put = (topic: string) =>
    harness.deadLetters.records
      .map((record) => parseDeadLetter(record, SEAL))
      .filter(({ source }) => source.topic === topic);

  it('is dead-lettered alone, raw, with position and reason, and the lane continues and logs it', async () => {
    for (const messageId of ['before', 'spoilt-message', 'after']) await report(messageId);
    await spoilBatch(harness, TOPICS.messages, LANE, 'spoilt-message');
    const waiting = await operate(harness, 'lanes');
    expect(waiting.code).toBe(0);

    const ledger = await harness.startLedger();
    await eventually(() => charged('after'));
    expect(await charged('before')).toBe(true);
    expect(await charged('spoilt-message')).toBe(false);
    await eventually(() => put(TOPICS.messages).length > 0);
    const [letter] = put(TOPICS.messages);
    expect(letter).toMatchObject({
      reason: 'undecodable-batch',
      source: { topic: TOPICS.messages, partition: LANE, offset: 1n },
    });
    expect(letter?.detail).toMatch(/^batch of offsets 1 to 1, \d+ bytes: the checksum \(CRC-32C\) is wrong$/);
    expect(letter?.value?.length).toBe(letter?.valueBytes);
    expect(letter?.value?.includes('poilt-message')).toBe(true);
    const metrics = await ledger.metrics.metrics();
    expect(metrics).toContain('ledger_dead_letters_total{reason="undecodable-batch"} 1');
    const alarms = ledger.logLines
      .map((line) => JSON.parse(line))
      .filter((line) => line.reason !== undefined);
    expect(alarms).toEqual([
      expect.objectContaining({ reason: 'undecodable-batch', partition: LANE, offset: '1', messages: 1 }),
    ]);
    await ledger.stop();
  });

  it('as the last one of a lane does not keep the next owner from taking over, nor is it read again', async () => {
    const id = await harness.command('points.purchase', {
      mainAccountId: customer.mainAccountId,
      points: '7',
      reference: 'spoilt-reference',
    });
    await spoilBatch(harness, TOPICS.commands, LANE, 'spoilt-reference');
    const shown = await operate(harness, 'lanes');
    expect(shown).toMatchObject({
      code: 0,
      text: expect.stringContaining('the checksum (CRC-32C) is wrong'),
    });

    const first = await harness.startLedger();
    await eventually(() => put(TOPICS.commands).length > 0);
    await first.stop();
    const again = await operate(harness, 'lanes');
    expect(again).toMatchObject({
      code: 0,
      text: expect.stringContaining('the checksum (CRC-32C) is wrong'),
    });
    const second = await harness.startLedger();
    expect(allLanes(second).map((lane) => lane?.state)).toEqual(['running', 'running', 'running']);
    const fresh = await harness.command('points.purchase', {
      mainAccountId: customer.mainAccountId,
      points: '7',
    });
    await harness.outcome(fresh);
    expect(put(TOPICS.commands)).toHaveLength(1);
    expect(harness.events.values.some((value) => value.data.cause.id === id)).toBe(false);

    const place = `${TOPICS.commands}:${LANE}:${put(TOPICS.commands)[0]?.source.offset}`;
    const replay = await operate(harness, 'dead-letters', 'replay', place);
    expect(replay).toMatchObject({ code: 1, text: expect.stringContaining('must send the records again') });
    await second.stop();
  });
});
