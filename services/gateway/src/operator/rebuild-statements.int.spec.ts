import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Input, type MessageSent, parsePoints } from '@subledger/core';
import { createPool } from '@subledger/database';
import { RecordProducer } from '@subledger/kafka';
import { eventually, newMessageId } from '@subledger/testing';
import { NOW, TestGateway } from '../test-support/test-gateway.js';
import { rebuildReadModel } from './rebuild-read-model.js';

let gateway: TestGateway;
let producer: RecordProducer;
beforeAll(async () => {
  gateway = await TestGateway.start();
  producer = new RecordProducer(gateway.kafka);
});
afterAll(async () => {
  await producer?.close();
  await gateway?.stop();
});

const sql = (text: string, values: unknown[] = []) => gateway.database.client.query(text, values);

/** The command with the suite's own patience; all of it must succeed. */
async function rebuild(main: string, history = true): Promise<void> {
  const pool = createPool({ url: gateway.database.url, schema: 'gateway', applicationName: 'suite', max: 2 });
  try {
    const print = () => undefined;
    expect(await rebuildReadModel({ pool, producer, print, main, history, timeoutMs: 20_000 })).toBe(0);
  } finally {
    await pool.end();
  }
}

const get = async (main: string, path: string) =>
  (await gateway.call('GET', `/v1/main-accounts/${main}/periods${path}`)).body;
/** All that customers see of a main account's periods. */
async function shown(main: string) {
  const { items: periods } = await get(main, '');
  const of = (periods as { period: string }[]).map(({ period }) => get(main, `/${period}`));
  return { periods, statements: await Promise.all(of) };
}
type Shown = Awaited<ReturnType<typeof shown>>;
const lineOf = ({ statements }: Shown, period = '2026-11') =>
  statements.find((one) => one.period === period)?.items[0];

const LATE = { lateUsed: '0', lateRefunded: '0', lateReturned: '0' };
const AT = '2026-11-30T15:00:00.000Z';
const MONTH_START = Date.parse(AT);

/** A customer whose November is closed, with what came late to it and to a month before there was a sub-account. */
async function closed() {
  const main = await gateway.mainAccount('1000');
  const sub = await gateway.subAccount(main, 'Sales1', '100');
  const restore = gateway.ledger.backUp(main);
  const of = { mainAccountId: main, subAccountId: sub };
  const sent = (points: string, { sentAt = NOW, at = NOW } = {}): MessageSent => {
    const messageId = newMessageId();
    return { ...of, kind: 'message.sent', at, sentAt, messageId, points: parsePoints(points) };
  };
  const late = (points: string, sentAt = NOW) => sent(points, { sentAt, at: MONTH_START + 1 });
  const command = (name: 'limit.boost' | 'hold.place', data: object) =>
    ({ kind: 'command', name, mainAccountId: main, at: NOW, data: { ...of, ...data } }) as unknown as Input;
  const ofMonth = [
    command('limit.boost', { points: parsePoints('20') }),
    command('hold.place', { messageId: newMessageId(), points: parsePoints('4'), expiresInSeconds: 900 }),
    sent('90.5'),
  ];
  await gateway.ledger.decide(...ofMonth);
  const events = await gateway.ledger.decide(
    { kind: 'clock', mainAccountId: main, at: MONTH_START },
    late('3.5'),
    late('4', Date.parse('2026-09-20T00:00:00Z')),
  );
  await eventually(async () => lineOf(await shown(main), '2026-09')?.lateUsed === '4', {
    what: 'the events',
  });
  return { main, sub, late, events, restore, before: await shown(main) };
}

const TABLES = ['period_statement', 'period_late_fact', 'period_start'];
const empty = async (main: string) => {
  for (const table of TABLES) await sql(`DELETE FROM gateway.${table} WHERE main_account_id = $1`, [main]);
};
/** Waits until events that were published before are read. */
const read = (main: string) =>
  gateway.call('POST', `/v1/main-accounts/${main}/purchases`, { body: { points: '1', reference: 'mark' } });

describe('statements of a read model that is built again', () => {
  test('come back where they were lost, and facts that they have in them count once', async () => {
    const { main, late, events, before } = await closed();
    const restore = gateway.ledger.backUp(main);
    expect(lineOf(before)).toMatchObject({ used: '90.5', lateUsed: '3.5', closedAt: AT });
    await empty(main);
    expect(await shown(main)).not.toEqual(before);
    await rebuild(main);
    expect(await shown(main)).toEqual(before);
    // All of it again, and something new, twice.
    const next = gateway.ledger.decideUnseen(late('1.25'));
    await gateway.ledger.publish(main, ...events, ...next, ...next);
    await eventually(async () => lineOf(await shown(main))?.lateUsed === '4.75', { what: 'the new fact' });
    await read(main);
    const after = await shown(main);
    expect(lineOf(after)).toEqual({ ...lineOf(before), lateUsed: '4.75' });
    const november = after.statements.find(({ period }) => period === '2026-11');
    expect(november.totals).toMatchObject({ subAccounts: 1, used: '90.5', lateUsed: '4.75' });
    expect(lineOf(after, '2026-09')).toEqual(lineOf(before, '2026-09'));
    const september = after.statements.find(({ period }) => period === '2026-09');
    expect(september.totals).toMatchObject({ subAccounts: 1, lateUsed: '4' });
    // A restored ledger goes on with numbers that were there before: its facts are newer all the same.
    restore();
    await gateway.ledger.decide(late('1'));
    await eventually(async () => lineOf(await shown(main))?.lateUsed === '5.75', { what: 'the fact' });
    const { totals } = await get(main, '/2026-11');
    expect(totals.lateUsed).toBe('5.75');
  });

  test('are put right where they are damaged, and what the books do not have goes', async () => {
    const { main, before } = await closed();
    const copy = (table: string, changes: Record<string, string>) =>
      sql(
        `INSERT INTO gateway.${table} SELECT (jsonb_populate_record(t, $2)).* FROM gateway.${table} t
          WHERE main_account_id = $1 LIMIT 1`,
        [main, JSON.stringify(changes)],
      );
    await copy('period_statement', { sub_account_id: 'sa_ghost', sequence: '1' });
    await copy('period_statement', { sub_account_id: 'sa_ghost2', generation: '9' });
    await copy('period_statement', { period: '2027-05' });
    await copy('period_late_fact', { sequence: '50' });
    await copy('period_late_fact', { sequence: '9999', period: '2026-08' });
    await copy('period_start', { period: '2027-04', generation: '9' });
    await sql('UPDATE gateway.period_late_fact SET used = 99 WHERE main_account_id = $1', [main]);
    await sql('UPDATE gateway.period_start SET balance = 5, generation = 9 WHERE main_account_id = $1', [
      main,
    ]);
    await sql(
      `UPDATE gateway.period_statement SET used = 1, late_used = 7, generation = 9, sequence = 999999
        WHERE main_account_id = $1 AND sub_account_id NOT LIKE 'sa_ghost%'`,
      [main],
    );
    expect(await shown(main)).not.toEqual(before);
    gateway.ledger.snapshots.perPart = 1;
    await rebuild(main);
    gateway.ledger.snapshots.perPart = 100;
    expect(await shown(main)).toEqual(before);
  });

  test('stay unchanged if only states are requested', async () => {
    const { main, before } = await closed();
    await sql('UPDATE gateway.period_statement SET used = 1000 WHERE main_account_id = $1', [main]);
    await rebuild(main, false);
    const after = await shown(main);
    expect(lineOf(after)).toEqual({ ...lineOf(before), used: '1' });
    expect(after.periods).toEqual(before.periods);
  });

  test('of a lost timeline go, with the month starts that it had', async () => {
    const { main, sub, late, restore, before } = await closed();
    expect(before.periods[0]).toMatchObject({ period: '2026-12', openingBalance: '905.5' });
    // The ledger was restored to November, and goes on; its numbers are lower than those of what it lost.
    restore();
    await rebuild(main);
    const after = await shown(main);
    expect(after.periods).toEqual([
      { period: '2026-11', closed: false, openingBalance: '0', closingBalance: null },
    ]);
    expect(after.statements[0].items).toEqual([
      expect.objectContaining({ subAccountId: sub, closedAt: null, used: '0', ...LATE }),
    ]);
    const left = await sql('SELECT FROM gateway.period_late_fact WHERE main_account_id = $1', [main]);
    expect(left.rowCount).toBe(0);
    // The new timeline's facts count, although the lost one had higher numbers.
    await gateway.ledger.decide(late('2', Date.parse('2026-09-20T00:00:00Z')));
    await eventually(async () => lineOf(await shown(main), '2026-09')?.lateUsed === '2');
  });

  test('of a main account that the ledger does not have go', async () => {
    const { main } = await closed();
    gateway.ledger.forget(main);
    await rebuild(main);
    for (const table of TABLES) {
      const { rowCount } = await sql(`SELECT FROM gateway.${table} WHERE main_account_id = $1`, [main]);
      expect([table, rowCount]).toEqual([table, 0]);
    }
  });
});
