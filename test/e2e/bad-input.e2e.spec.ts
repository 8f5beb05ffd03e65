/** Records that cannot be understood are dead-lettered with a reason. They never block the records after them. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  DEAD_LETTER_HEADERS,
  MAX_RECORD_BYTES,
  type MessageLine,
  type Problem,
  type SubAccountView,
  TOPICS,
} from '@subledger/contracts';
import { DeadLetterSeal, type OutgoingRecord, parseDeadLetter, RecordProducer } from '@subledger/kafka';
import { DEVELOPMENT_DEAD_LETTER_KEY } from '@subledger/service-kit';
import {
  command,
  commandRecord,
  eventually,
  messageRecord,
  messageSent,
  newMainAccountId,
  newSubAccountId,
  TestSystem,
  TopicReader,
} from '@subledger/testing';
import { type Customer, mainOf, makeCustomer, makeSub, subOf } from './customer.js';

const HOUR_MS = 3_600_000;
const SEAL = new DeadLetterSeal(DEVELOPMENT_DEAD_LETTER_KEY);

describe('bad input', () => {
  let system: TestSystem;
  let producer: RecordProducer;
  let deadLetters: TopicReader;
  let customer: Customer;
  let sub: SubAccountView;

  beforeAll(async () => {
    system = await TestSystem.start({ services: ['ledger', 'gateway'] });
    producer = new RecordProducer(system.kafka);
    deadLetters = await TopicReader.open(system.kafka, TOPICS.deadLetters);
    customer = await makeCustomer(system, '1000');
    sub = await makeSub(customer, 'Desk', '100');
  });
  afterAll(async () => {
    await deadLetters?.close();
    await producer?.close();
    await system?.stop();
  });

  /** Reasons of the dead letters that carry this test's mark in their source's headers. */
  async function reasonsOf(mark: string, count: number): Promise<string[]> {
    const mine = () =>
      deadLetters.records
        .map((record) => parseDeadLetter(record, SEAL))
        .filter(({ headers }) => headers.mark === mark);
    await deadLetters.waitUntil(() => mine().length >= count, 20_000);
    return mine()
      .sort((a, b) => Number(a.source.offset - b.source.offset))
      .map(({ reason }) => reason);
  }

  describe('on points.commands.v1', () => {
    const mark = randomUUID();
    const raw = (value: string | null, key = customer.id): OutgoingRecord => ({
      topic: TOPICS.commands,
      key,
      value,
      headers: { mark },
    });

    it('dead-letters each record with its reason, and continues with the partition', async () => {
      const valid = command('points.purchase', {
        mainAccountId: customer.id,
        points: '5',
        reference: 'after',
      });
      const bad: [string, OutgoingRecord][] = [
        ['empty', raw(null)],
        ['malformed-json', raw('{"specversion": ')],
        ['invalid-envelope', raw('{"hello":"world"}')],
        [
          'unknown-type',
          raw(JSON.stringify({ ...valid, id: randomUUID(), type: 'subledger.points.burn.v1' })),
        ],
        ['oversized', raw(JSON.stringify({ ...valid, id: randomUUID(), pad: 'x'.repeat(MAX_RECORD_BYTES) }))],
        [
          'invalid-data',
          raw(JSON.stringify(command('points.purchase', { mainAccountId: customer.id, points: '1e3' }))),
        ],
        [
          'wrong-key',
          raw(JSON.stringify(command('points.purchase', { mainAccountId: newMainAccountId(), points: '7' }))),
        ],
      ];
      await producer.send([...bad.map(([, record]) => record), commandRecord(valid)]);
      await eventually(async () => (await mainOf(customer)).balance === '905');
      expect(await reasonsOf(mark, bad.length)).toEqual(bad.map(([reason]) => reason));
    });

    it('keeps the source and the text of a dead letter', async () => {
      const letter = deadLetters.records.find(
        (record) => record.headers[DEAD_LETTER_HEADERS.reason] === 'malformed-json',
      );
      expect(letter?.headers[DEAD_LETTER_HEADERS.topic]).toBe(TOPICS.commands);
      expect(letter && parseDeadLetter(letter, SEAL).value?.toString()).toBe('{"specversion": ');
    });
  });

  describe('on sms.messages.v1', () => {
    const mark = randomUUID();
    const ids = () => ({ mainAccountId: customer.id, subAccountId: sub.id });
    const marked = (record: OutgoingRecord): OutgoingRecord => ({ ...record, headers: { mark } });
    const raw = (value: string): OutgoingRecord =>
      marked({ topic: TOPICS.messages, key: customer.id, value });

    it('dead-letters what it cannot book, and books what comes after it', async () => {
      const first = messageSent({ ...ids(), points: '2' });
      const sentAt = new Date(Date.now() + 25 * HOUR_MS).toISOString();
      const bad: [string, OutgoingRecord][] = [
        ['malformed-json', raw('not json')],
        ['unknown-type', raw(JSON.stringify({ ...first, type: 'subledger.message.lost.v1' }))],
        ['invalid-data', raw(JSON.stringify({ ...first, data: { ...first.data, points: '-2' } }))],
        [
          'unknown-sub-account',
          marked(messageRecord(messageSent({ ...ids(), subAccountId: newSubAccountId() }))),
        ],
        ['sent-in-future', marked(messageRecord(messageSent({ ...ids(), sentAt })))],
        [
          'conflicting-duplicate',
          marked(messageRecord(messageSent({ ...ids(), messageId: first.data.messageId, points: '99' }))),
        ],
      ];
      const last = messageSent({ ...ids(), points: '3' });
      await producer.send([
        messageRecord(first),
        ...bad.map(([, record]) => record),
        // The same message twice is not bad, only dropped.
        messageRecord(first),
        messageRecord(last),
      ]);
      await eventually(async () => (await subOf(customer, sub.id)).used === '5');
      expect(await reasonsOf(mark, bad.length)).toEqual(bad.map(([reason]) => reason));
      expect(await subOf(customer, sub.id)).toMatchObject({ used: '5', remaining: '95' });
    });

    it('dead-letters a message of an unknown customer', async () => {
      const unknown = randomUUID();
      const record = messageRecord(
        messageSent({ mainAccountId: newMainAccountId(), subAccountId: newSubAccountId() }),
      );
      await producer.send([{ ...record, headers: { mark: unknown } }]);
      expect(await reasonsOf(unknown, 1)).toEqual(['unknown-main-account']);
    });

    it('charges a message with any texts, and shows � for characters that it cannot store', async () => {
      const { used } = await subOf(customer, sub.id);
      const odd = {
        content: 'See you at 10 \uD83D',
        sender: 'A\u0000B',
        segments: 'two',
        recipient: undefined,
      };
      const message = messageSent({ ...ids(), points: '0.5' });
      const value = JSON.stringify({ ...message, data: { ...message.data, ...odd } });
      await producer.send([{ topic: TOPICS.messages, key: customer.id, value }]);
      await eventually(async () => Number((await subOf(customer, sub.id)).used) === Number(used) + 0.5);
      const path = `${customer.path}/messages?messageId=${message.data.messageId}`;
      const [line] = await eventually(async () => {
        const { items } = await customer.api.get<{ items: MessageLine[] }>(path);
        return items.length > 0 && items;
      });
      expect(line).toMatchObject({
        content: 'See you at 10 \uFFFD',
        sender: 'A\uFFFDB',
        recipient: '\uFFFD',
        segments: 0,
        points: '0.5',
      });
    });
  });

  describe('by HTTP', () => {
    const purchases = () => `${customer.path}/purchases`;

    it.each([
      ['a body that is no JSON', { rawBody: '{"points":' }, 400, 'malformed-request'],
      [
        'a body with a key twice',
        { rawBody: '{"points":"1","points":"500000","reference":"twice"}' },
        400,
        'malformed-request',
      ],
      [
        'a body of another type',
        { rawBody: 'x', headers: { 'content-type': 'text/plain' } },
        415,
        'unsupported-media-type',
      ],
      [
        'a body that is too large',
        { body: { points: '1', reference: 'x'.repeat(300_000) } },
        413,
        'payload-too-large',
      ],
      ['an invalid amount', { body: { points: '1.2345' } }, 422, 'validation-failed'],
      ['a field too many', { body: { points: '1', bonus: true } }, 422, 'validation-failed'],
    ])('answers %s with a problem', async (_what, options, status, code) => {
      const answer = await system.operator.request<Problem>('POST', purchases(), options);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.body).toMatchObject({
        status,
        code,
        title: expect.any(String),
        type: expect.stringContaining(code),
      });
    });

    it('names the wrong field', async () => {
      const { body } = await customer.api.request<Problem>('POST', `${customer.path}/sub-accounts`, {
        body: { name: 'with space', password: 'Marmot7Lantern', limit: '01' },
      });
      expect(body.errors?.map(({ path }) => path).sort()).toEqual(['limit', 'name']);
    });

    it('does not reveal the existence of others’ objects', async () => {
      const other = await makeCustomer(system, '0');
      expect((await customer.api.request('GET', other.path)).status).toBe(404);
      expect((await system.operator.as('no-such-key-at-all').request('GET', other.path)).status).toBe(401);
    });

    it('answers a repeated Idempotency-Key with the first answer, and books once', async () => {
      const { balance } = await mainOf(customer);
      const request = { body: { points: '10', reference: 'once' }, idempotencyKey: randomUUID() };
      const first = await system.operator.request('POST', purchases(), request);
      const second = await system.operator.request('POST', purchases(), request);
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(second.body).toEqual(first.body);
      expect(first.headers.get('idempotent-replayed')).toBeNull();
      expect(second.headers.get('idempotent-replayed')).toBe('true');
      expect(Number((await mainOf(customer)).balance)).toBe(Number(balance) + 10);
      const other = await system.operator.request<Problem>('POST', purchases(), {
        ...request,
        body: { points: '11', reference: 'once' },
      });
      expect([other.status, other.body.code]).toEqual([422, 'idempotency-conflict']);
    });
  });
});
