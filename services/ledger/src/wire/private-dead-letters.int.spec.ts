import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { messageType, TOPICS } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import { TopicReader } from '@subledger/testing';
import { event, LedgerHarness, newMain, newSub } from '../testing/ledger-harness.js';
import { operate, operateWith } from '../testing/operate.js';
import { openCustomer, sentMessage } from '../testing/scenes.js';

/** What nobody may read who only reads the topic, the logs or the tables. */
const SECRETS = ['MARKED-content-of-a-message', '+819077770001'] as const;
const [content, recipient] = SECRETS;
/** Also as base64, wherever in its three bytes it begins. */
const forms = SECRETS.flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  ...['', 'x', 'xx'].map((before) => Buffer.from(`${before}${secret}`).toString('base64').slice(4, -4)),
]);

describe('a dead letter', () => {
  const harness = new LedgerHarness();
  beforeAll(() => harness.open());
  afterAll(() => harness.close());

  const assertPrivate = (what: string, text: string) => {
    for (const form of forms)
      expect({ what, has: text.includes(form) ? form : null }).toEqual({ what, has: null });
  };

  it('has neither content nor recipient in clear, in its topic, in the tables and in the logs', async () => {
    const ledger = await harness.startLedger({ LOG_LEVEL: 'trace' });
    const customer = await openCustomer(harness);
    const { mainAccountId } = customer;
    const message = (more: object) => ({ ...sentMessage(customer, '7'), content, recipient, ...more });
    const { messages } = TOPICS;
    const sent = (id: string, data: object) => event(messageType('message.sent'), id, data);
    await harness.send(messages, mainAccountId, sent('no-sub', message({ subAccountId: newSub() })));
    await harness.send(messages, mainAccountId, sent('no-points', message({ points: content })));
    await harness.send(messages, mainAccountId, sent('cut', message({})).slice(0, -20));
    await harness.send(messages, recipient, sent('wrong-key', message({})));
    await harness.send(messages, mainAccountId, sent(content.replaceAll('-', ' '), message({ points: 1 })));
    await harness.send(messages, newMain(), event('subledger.message.lost.v1', 'lost', message({})));
    await harness.deadLetters.until((values) => values.length >= 6);
    for (const { key, value, headers } of harness.deadLetters.records)
      assertPrivate('topic', `${key} ${value} ${JSON.stringify(headers)}`);
    const { rows } = await harness.db.query(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'ledger' AND table_type = 'BASE TABLE'`,
    );
    for (const { name } of rows) {
      const { rows: texts } = await harness.db.query(`SELECT t::text AS text FROM ledger.${name} t`);
      assertPrivate(name, texts.map(({ text }) => text).join('\n'));
    }
    expect(ledger.logLines.length).toBeGreaterThan(0);
    assertPrivate('logs', ledger.logLines.join('\n'));
  });

  it('is replayed completely from its sealed record', async () => {
    const list = await operate(harness, 'dead-letters', 'list', '--reason', 'wrong-key', '--json');
    const { id, key } = JSON.parse(list.text);
    // The key that it was sent under is for the operators alone.
    expect(key).toBe(recipient);
    const shown = await operate(harness, 'dead-letters', 'show', id);
    expect(shown.text).toContain('"content": "[redacted]"');
    expect(shown.text).toContain('"recipient": "[redacted]"');
    const replayed = await operate(harness, 'dead-letters', 'replay', id, '--yes');
    expect(replayed).toMatchObject({ code: 0, text: expect.stringContaining('charged') });
    const isReplay = ({ headers }: KafkaRecord) => headers['replay-of'] === id;
    const messages = await TopicReader.open(harness.kafka, TOPICS.messages);
    try {
      await messages.waitFor(isReplay);
    } finally {
      await messages.close();
    }
    const again = messages.records.filter(isReplay);
    expect(again.map(({ value }) => JSON.parse(String(value)).data)).toMatchObject([{ content, recipient }]);
  });

  it('stays closed for another key', async () => {
    const stranger = { DEAD_LETTER_KEY: 'a key that no service has' };
    const list = await operate(harness, 'dead-letters', 'list', '--reason', 'wrong-key', '--json');
    const { id } = JSON.parse(list.text);
    const run = (...args: string[]) => operateWith(harness, stranger, 'dead-letters', ...args);
    expect((await run('show', id)).text).toContain('sealed with another DEAD_LETTER_KEY');
    expect(await run('replay', id, '--yes')).toMatchObject({
      code: 1,
      text: expect.stringContaining('sealed with another DEAD_LETTER_KEY'),
    });
  });
});
