import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  commandType,
  EVENTS,
  MAX_RECORD_BYTES,
  messageType,
  REPEATED_HEADER,
  TOPICS,
} from '@subledger/contracts';
import { decide } from '@subledger/core';
import { partitionFor } from '@subledger/kafka';
import { eventually } from '@subledger/testing';
import { readJournal } from '../journal/read-journal.js';
import { assertBooks } from '../testing/assert-books.js';
import { readTopic } from '../testing/calamities.js';
import { event, LedgerHarness, newMain, PARTITIONS } from '../testing/ledger-harness.js';
import { eventsOf, openCustomer, sentMessage } from '../testing/scenes.js';

describe('what is delivered to the ledger', () => {
  const harness = new LedgerHarness();
  beforeAll(async () => {
    await harness.open();
    const faulty: typeof decide = (books, input, policy) => {
      if ('messageId' in input && input.messageId === 'poison') throw new TypeError('a bug in a rule');
      return decide(books, input, policy);
    };
    await harness.startLedger({}, { decide: faulty });
  });
  afterEach(async () => assertBooks(harness.db));
  afterAll(async () => harness.close());

  it('changes nothing when it comes twice', async () => {
    const customer = await openCustomer(harness);
    const { mainAccountId } = customer;
    const hold = { ...customer, messageId: 'held', points: '20' };
    const messages = [
      sentMessage(customer, '30', 'a'),
      sentMessage(customer, '25', 'held'),
      sentMessage(customer, '90', 'b'),
    ];
    const refund = { ...customer, messageId: 'b', points: '10', reason: 'not delivered' };
    for (let round = 0; round < 2; round += 1) {
      await harness.command('hold.place', hold, 'hold-1');
      for (const message of messages) await harness.message('message.sent', message, message.messageId);
      await harness.message('message.refunded', refund, 'refund-1');
    }
    // A last one, behind everything in both topics.
    await harness.outcome(await harness.command('main-account.suspend', { mainAccountId }));
    await harness.events.until((values) => values.some((value) => value.data.refundId === 'refund-1'));
    const end = sentMessage(customer, '0', 'end');
    await harness.message('message.sent', end, 'end');
    await harness.events.until((values) => values.some((value) => value.data.messageId === 'end'));

    const books = await harness.one<{ balance: string; used: string }>(
      'SELECT balance, used FROM main_accounts WHERE main_account_id = $1',
      [mainAccountId],
    );
    expect(books.used).toBe('135000');
    const charged = eventsOf(harness.events.values, mainAccountId).filter(
      (value) => value.type === 'subledger.message.charged.v1',
    );
    expect(charged.map((value) => value.data.messageId).sort()).toEqual(['a', 'b', 'end', 'held']);
  });

  it('answers a repeated command with its first outcome, and another one under its id with a conflict', async () => {
    const { mainAccountId } = await openCustomer(harness);
    const id = await harness.command('points.purchase', { mainAccountId, points: '5', reference: 'r1' });
    const first = await harness.outcome(id);
    await harness.command('points.purchase', { reference: 'r1', points: '5', mainAccountId }, id);
    const repeats = await harness.events.until(
      (values) => values.filter((value) => value.data.cause.id === id).length === 2,
    );
    expect(repeats.filter((value) => value.data.cause.id === id)).toEqual([first, first]);
    const published = (await readTopic(harness.kafka, TOPICS.events)).filter(
      ({ value }) => JSON.parse(String(value)).data.cause.id === id,
    );
    expect(published.map(({ headers }) => headers[REPEATED_HEADER])).toEqual([undefined, 'true']);

    await harness.command('points.purchase', { mainAccountId, points: '6', reference: 'r1' }, id);
    const answers = await harness.events.until(
      (values) => values.filter((value) => value.data.cause.id === id).length === 3,
    );
    const conflict = answers.at(-1);
    expect(conflict.data).toMatchObject({ code: 'idempotency-conflict', sequence: first.data.sequence + 1 });
    EVENTS.get(conflict.type)?.schema.parse(conflict);

    await harness.command('points.purchase', { mainAccountId, points: '5', reference: 'r1' }, id);
    await harness.events.until((values) => values.filter((value) => value.data.cause.id === id).length === 4);
    expect(harness.events.values.at(-1)).toEqual(first);
  });

  it('refuses commands for unknown main accounts without books', async () => {
    const mainAccountId = newMain();
    const outcome = await harness.outcome(
      await harness.command('points.purchase', { mainAccountId, points: '5' }),
    );
    expect(outcome.data).toMatchObject({ code: 'main-account-not-found', sequence: 0 });
    EVENTS.get(outcome.type)?.schema.parse(outcome);
    const { count } = await harness.one<{ count: string }>(
      'SELECT count(*) FROM main_accounts WHERE main_account_id = $1',
      [mainAccountId],
    );
    expect(count).toBe('0');
  });

  it('dead-letters what it cannot read, and continues', async () => {
    const customer = await openCustomer(harness);
    const { mainAccountId } = customer;
    const lane = partitionFor(mainAccountId, PARTITIONS);
    const before = harness.deadLetters.records.length;
    const { commands, messages } = TOPICS;
    await harness.send(commands, mainAccountId, null);
    await harness.send(commands, mainAccountId, '{"id": nonsense');
    await harness.send(commands, mainAccountId, '{"id":"x"}');
    await harness.send(commands, mainAccountId, event('subledger.points.mint.v1', 'mint', { mainAccountId }));
    const negative = { mainAccountId, points: '-5' };
    await harness.send(commands, mainAccountId, event(commandType('points.purchase'), 'negative', negative));
    await harness.send(
      commands,
      newMain(),
      event(commandType('feature.activate'), 'stray', { mainAccountId }),
      lane,
    );
    await harness.send(commands, mainAccountId, 'x'.repeat(MAX_RECORD_BYTES + 1));
    await harness.send(messages, mainAccountId, event(messageType('message.sent'), 'm', { mainAccountId }));
    await harness.message('message.sent', sentMessage({ ...customer, subAccountId: 'sa_unknown' }, '1'));
    await harness.message('message.refunded', {
      ...customer,
      messageId: 'never',
      points: '1',
      reason: '',
    } as never);
    await harness.message('message.sent', sentMessage(customer, '1', 'poison'));
    await harness.message('message.sent', sentMessage(customer, '999999999999.999'));
    for (const sentAt of ['1970-01-21T16:00:00Z', '0001-01-01T00:00:00Z', '0000-01-01T00:00:00Z'])
      await harness.message('message.sent', { ...sentMessage(customer, '1'), sentAt });
    await harness.message('message.sent', sentMessage(customer, '7', 'fine'));
    await harness.deadLetters.until((values) => values.length >= before + 15);
    expect(
      harness.deadLetters.values
        .slice(before)
        .map((value) => value.reason)
        .sort(),
    ).toEqual([
      'empty',
      'invalid-data',
      'invalid-data',
      'invalid-envelope',
      'malformed-json',
      'oversized',
      'sent-too-long-ago',
      'sent-too-long-ago',
      'sent-too-long-ago',
      'too-many-points',
      'unknown-message',
      'unknown-sub-account',
      'unknown-type',
      'unprocessable',
      'wrong-key',
    ]);
    await harness.events.until((values) => values.some((value) => value.data.messageId === 'fine'));
    for (const id of ['mint', 'negative', 'stray']) {
      const outcome = await harness.outcome(id);
      expect(outcome.data).toMatchObject({ code: 'invalid-command', sequence: 0 });
      EVENTS.get(outcome.type)?.schema.parse(outcome);
    }
    await eventually(
      async () => (await harness.one<{ count: string }>('SELECT count(*) FROM outbox')).count === '0',
    );
  });

  it('sends a record on that came on another partition, and books it there', async () => {
    const { mainAccountId } = await openCustomer(harness);
    const wrong = (partitionFor(mainAccountId, PARTITIONS) + 1) % PARTITIONS;
    const purchase = event(commandType('points.purchase'), 'detour', { mainAccountId, points: '3' });
    await harness.send(TOPICS.commands, mainAccountId, purchase, wrong);
    const outcome = await harness.outcome('detour');
    expect(outcome.type).toBe('subledger.points.purchased.v1');
    const lane = (await readJournal(harness.db)).find(({ causeId }) => causeId === 'detour')?.lane;
    expect(lane).toBe(partitionFor(mainAccountId, PARTITIONS));
  });
});
