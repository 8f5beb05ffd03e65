import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type CommandInput, type CommandName, commandType, TOPICS } from '@subledger/contracts';
import { partitionFor } from '@subledger/kafka';
import { readJournal } from '../journal/read-journal.js';
import { assertBooks } from '../testing/assert-books.js';
import { event, LedgerHarness, newMain, newSub, PARTITIONS } from '../testing/ledger-harness.js';
import { operate } from '../testing/operate.js';
import { openCustomer, sentMessage } from '../testing/scenes.js';

describe('a dead letter', () => {
  const harness = new LedgerHarness();
  beforeAll(async () => {
    await harness.open();
    await harness.startLedger();
  });
  afterEach(() => assertBooks(harness.db));
  afterAll(() => harness.close());

  const run = (...args: string[]) => operate(harness, 'dead-letters', ...args);

  /** The place of the dead letter whose event has this id, once it is there. */
  async function letterOf(eventId: string): Promise<string> {
    await harness.deadLetters.until((values) => values.some((value) => value.id === eventId));
    const record = harness.deadLetters.records.find(
      ({ value }) => JSON.parse(value?.toString() ?? '{}').id === eventId,
    );
    return `${record?.topic}:${record?.partition}:${record?.offset}`;
  }

  /** A command under another main account's key, as a careless writer sends it. @returns its dead letter's place */
  async function misdirect<Name extends CommandName>(
    name: Name,
    id: string,
    data: CommandInput<Name> & { mainAccountId: string },
  ): Promise<string> {
    await harness.send(TOPICS.commands, newMain(), event(commandType(name), id, data));
    return letterOf(id);
  }

  const balance = async (mainAccountId: string): Promise<number> =>
    Number(
      (
        await harness.one<{ balance: string }>(
          'SELECT balance FROM main_accounts WHERE main_account_id = $1',
          [mainAccountId],
        )
      ).balance,
    ) / 1_000;

  it('of a command is replayed under a new id, under the right key, and once', async () => {
    const { mainAccountId } = await openCustomer(harness);
    const place = await misdirect('points.purchase', 'lost', { mainAccountId, points: '5' });
    const shown = await run('show', place);
    expect(shown.text).toMatch(/reason {3}wrong-key.*\n {2}source {3}points\.commands\.v1/);
    const dry = await run('replay', place);
    expect(dry).toMatchObject({ code: 0, text: expect.stringContaining('Nothing was sent: 1 would be') });
    expect(await balance(mainAccountId)).toBe(900);

    const replayed = await run('replay', place, '--yes');
    expect(replayed).toMatchObject({
      code: 0,
      text: expect.stringContaining('points.purchased, sequence 5'),
    });
    const again = await run('replay', place, '--yes');
    expect(again).toMatchObject({ code: 0, text: expect.stringContaining('the ledger has it already') });
    expect(await balance(mainAccountId)).toBe(905);
    const source = /source {3}(\S+),/.exec(shown.text)?.[1] as string;
    const events = await readJournal(harness.db);
    const fifth = events.find((event) => event.mainAccountId === mainAccountId && event.sequence === 5);
    const causeId = fifth?.causeId ?? '';
    expect(causeId.startsWith(`replay:${source}@`)).toBe(true);
    expect((await run('replay', source, '--yes')).text).toContain('the ledger has it already');
  });

  it('of a command that is overtaken is refused unless forced', async () => {
    const customer = await openCustomer(harness);
    const { mainAccountId } = customer;
    const place = await misdirect('limit.change', 'overtaken', { ...customer, limit: '300' });
    // Neither another sub-account's command, nor the main account's, nor a refused one overtakes it.
    await harness.command('sub-account.open', { mainAccountId, subAccountId: newSub(), limit: '1' });
    await harness.command('points.purchase', { mainAccountId, points: '1' });
    await harness.outcome(await harness.command('limit.change', { ...customer, limit: '900000' }));
    expect(await run('replay', place)).toMatchObject({ code: 0 });
    await harness.outcome(await harness.command('limit.change', { ...customer, limit: '200' }, 'later-one'));
    const refused = await run('replay', place, '--yes');
    expect(refused.code).toBe(1);
    expect(refused.text).toMatch(/refused, a later command on the same sub-account is booked: .*later-one/);
    const forced = await run('replay', place, '--force', '--yes');
    expect(forced).toMatchObject({ code: 0, text: expect.stringContaining('limit.changed') });
    const { limit } = await harness.one<{ limit: string }>(
      'SELECT point_limit AS limit FROM sub_accounts WHERE sub_account_id = $1',
      [customer.subAccountId],
    );
    expect(limit).toBe('300000');
  });

  it('of a reason is replayed with all others of it, in their order', async () => {
    const { mainAccountId } = await openCustomer(harness, { points: '100', limit: '100' });
    const raise = { mainAccountId, subAccountId: newSub(), limit: '50' };
    await misdirect('points.purchase', 'first-of-all', { mainAccountId, points: '40' });
    await misdirect('points.purchase', 'second-of-all', { mainAccountId, points: '3' });
    await misdirect('sub-account.open', 'third-of-all', raise);
    const { code, text } = await run('replay', '--all', '--reason', 'wrong-key', '--yes');
    expect(code).toBe(1);
    expect(text.match(/: points\.purchased/g)).toHaveLength(2);
    expect(text).toContain('refused by the ledger: insufficient-main-balance (see docs/errors/');
    expect(text).toMatch(/2 booked, 2 booked before, 1 refused/);
    expect(await balance(mainAccountId)).toBe(43);
  });

  it('of what is still invalid, or nothing that is replayed, stays', async () => {
    const { mainAccountId } = await openCustomer(harness);
    await harness.send(
      TOPICS.commands,
      mainAccountId,
      event(commandType('points.purchase'), 'below-zero', { mainAccountId, points: '-5' }),
    );
    const place = await letterOf('below-zero');
    const { code, text } = await run('replay', place, '--force', '--yes');
    expect(code).toBe(1);
    expect(text).toContain('still invalid: invalid-data: data.points must be more than 0');
    expect((await run('replay', 'deadletters.v1:0:99999', '--yes')).code).toBe(2);
    expect((await run('replay', '--all', '--yes')).code).toBe(2);
    expect((await run('list', '--reason', 'nonsense')).code).toBe(2);
  });

  it('of a message keeps its message id: it is charged once, and its content is never shown', async () => {
    const { mainAccountId } = await openCustomer(harness);
    const customer = { mainAccountId, subAccountId: newSub() };
    const early = sentMessage(customer, '7', 'too-early');
    await harness.message('message.sent', early, 'early-event');
    const place = await letterOf('early-event');
    expect(await run('replay', place, '--yes')).toMatchObject({
      code: 1,
      text: expect.stringMatching(/dead-lettered again as deadletters\.v1:\d+:\d+: unknown-sub-account/),
    });
    await harness.outcome(await harness.command('sub-account.open', { ...customer, limit: '50' }));
    expect(await run('replay', place, '--yes')).toMatchObject({
      code: 0,
      text: expect.stringContaining('charged'),
    });
    expect((await run('replay', place, '--yes')).text).toContain('the ledger has it already (charged)');
    await harness.outcome(await harness.command('points.purchase', { mainAccountId, points: '1' }));
    const { used } = await harness.one<{ used: string }>(
      'SELECT used FROM main_accounts WHERE main_account_id = $1',
      [mainAccountId],
    );
    expect(used).toBe('7000');
    for (const args of [['show', place], ['list'], ['list', '--json']]) {
      const { text } = await run(...args);
      expect(text).toContain('unknown-sub-account');
      expect(text).not.toContain('secret');
    }
    expect((await run('show', place)).text).toContain('"content": "[redacted]"');
  });

  it('of a refund keeps its id', async () => {
    const customer = await openCustomer(harness);
    const refund = { ...customer, messageId: 'refunded-early', points: '4', reason: 'not delivered' };
    await harness.message('message.refunded', refund, 'refund-77');
    const place = await letterOf('refund-77');
    await harness.message('message.sent', sentMessage(customer, '9', 'refunded-early'));
    await harness.events.until((values) => values.some(({ data }) => data.messageId === 'refunded-early'));
    expect(await run('replay', place, '--yes')).toMatchObject({
      code: 0,
      text: expect.stringContaining('refunded'),
    });
    await harness.message('message.refunded', refund, 'refund-77');
    await harness.outcome(await harness.command('points.purchase', { ...customer, points: '1' }));
    const { rows } = await harness.db.query(
      'SELECT refund_id, points FROM refunds WHERE main_account_id = $1',
      [customer.mainAccountId],
    );
    expect(rows).toEqual([{ refund_id: 'refund-77', points: '4000' }]);
  });

  it('of a record on a wrong partition goes to its own', async () => {
    const { mainAccountId } = await openCustomer(harness);
    const own = partitionFor(mainAccountId, PARTITIONS);
    const partition = (own + 1) % PARTITIONS;
    const value = event(commandType('points.purchase'), 'astray', { mainAccountId, points: '2' });
    const headers = { 'ledger-forwarded-from': String(own) };
    await harness.producer.send([{ topic: TOPICS.commands, key: mainAccountId, value, headers, partition }]);
    const place = await letterOf('astray');
    const listed = await run('list', '--reason', 'unprocessable', '--main', mainAccountId, '--json');
    expect(JSON.parse(listed.text)).toMatchObject({ id: place, key: mainAccountId, reason: 'unprocessable' });
    const replayed = await run('replay', place, '--yes');
    expect(replayed).toMatchObject({ code: 0, text: expect.stringContaining('points.purchased') });
  });
});
