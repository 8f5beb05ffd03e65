/** The gateway's read model, damaged or left behind by a restored ledger, built again by one command while serving. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SubAccountView } from '@subledger/contracts';
import { nextPeriod, periodStart } from '@subledger/core';
import { RecordProducer } from '@subledger/kafka';
import {
  command,
  commandRecord,
  eventually,
  messageRecord,
  messageSent,
  TestSystem,
} from '@subledger/testing';
import { type Customer, mainOf, makeCustomer, makeSub, subOf, transfersOf } from './customer.js';
import { LedgerBackup } from './ledger-backup.js';
import { operatorCommand } from './operator-command.js';
import { differences } from './same-books.js';

const PARTITIONS = 3;
/** Within the first period, however quickly the suite has been played. */
const began = new Date(Date.now() - 60_000).toISOString();
/** Before there was any of the sub-accounts. */
const LONG_BEFORE = new Date(Date.now() - 40 * 86_400_000).toISOString();
/** Between two messages, writes or reads of the traffic, in milliseconds. */
const PACE_MS = 5;

describe('rebuild-read-model', () => {
  let system: TestSystem;
  let producer: RecordProducer;
  const customers: Customer[] = [];
  const subs: SubAccountView[][] = [];
  const customer = (index: number) => customers[index] as Customer;
  /** Messages that the ledger will have charged. */
  let sent = 0;
  const sub = (of: number, index: number) => subs[of]?.[index] as SubAccountView;

  beforeAll(async () => {
    system = await TestSystem.start({ services: ['gateway', 'ledger'], partitions: PARTITIONS });
    producer = new RecordProducer(system.kafka);
    for (let index = 0; index < 3; index += 1) {
      // More than all messages of the suite cost.
      const made = await makeCustomer(system, '1000000');
      customers.push(made);
      subs.push([]);
      for (const name of ['One', 'Two', 'Three', 'Gone']) subs[index]?.push(await makeSub(made, name, '100'));
      await made.api.call('DELETE', `${made.path}/sub-accounts/${sub(index, 3).id}`);
      await made.api.call('POST', `${made.path}/sub-accounts/${sub(index, 2).id}/deactivate`);
      for (let i = 0; i < 5; i += 1) await send(index, 0, '30');
    }
    await untilSame();
    for (let index = 0; index < 3; index += 1) {
      await roll(index);
      await send(index, 0, '2.5', began);
      await send(index, 1, '1', LONG_BEFORE);
      await send(index, 3, '1.125');
    }
    await untilSame();
  });
  afterAll(async () => {
    await producer?.close();
    await system?.stop();
  });

  /** Begins the next period, and waits until the gateway shows it. */
  async function roll(of: number): Promise<void> {
    const { id, period, timeZone } = await mainOf(customer(of));
    const next = nextPeriod(period);
    const dueAt = new Date(periodStart(next, timeZone)).toISOString();
    await producer.send([commandRecord(command('period.roll', { mainAccountId: id, period: next, dueAt }))]);
    await eventually(async () => (await mainOf(customer(of))).period === next, { what: 'the month start' });
  }
  async function send(of: number, index: number, points: string, sentAt = new Date().toISOString()) {
    const message = messageSent({
      mainAccountId: customer(of).id,
      subAccountId: sub(of, index).id,
      points,
      sentAt,
    });
    await producer.send([messageRecord(message)]);
    sent += 1;
  }
  const sql = (text: string, values: unknown[] = []) => system.database.client.query(text, values);
  const rebuild = (...args: string[]) => operatorCommand(system, 'gateway', 'rebuild-read-model', ...args);
  const untilSame = () =>
    eventually(
      async () => {
        expect((await sql('SELECT FROM ledger.charges')).rowCount).toBe(sent);
        expect(await differences(system.database)).toEqual({});
        return true;
      },
      { timeoutMs: 30_000, what: 'the read model to be the books' },
    );

  /** Month starts whose balance the gateway does not know. */
  const unknownTurns = async () =>
    (await sql('SELECT FROM gateway.period_start WHERE balance IS NULL')).rowCount ?? -1;

  /** Wrong figures, lost rows, and invented ones that pass for older and for newer than all others. */
  async function damageStatements(main: string): Promise<void> {
    const copy = (table: string, changes: Record<string, string>) =>
      sql(
        `INSERT INTO gateway.${table} SELECT (jsonb_populate_record(t, $2)).* FROM gateway.${table} t
          WHERE main_account_id = $1 ORDER BY sequence LIMIT 1`,
        [main, JSON.stringify(changes)],
      );
    await sql(
      `UPDATE gateway.period_statement SET used = used + 1, late_used = 5, generation = 7, sequence = 1000000000
        WHERE main_account_id = $1 AND sub_account_id = $2`,
      [main, sub(0, 0).id],
    );
    await sql('DELETE FROM gateway.period_statement WHERE main_account_id = $1 AND sub_account_id = $2', [
      main,
      sub(0, 1).id,
    ]);
    await sql('UPDATE gateway.period_late_fact SET used = used + 1 WHERE main_account_id = $1', [main]);
    await sql('UPDATE gateway.period_start SET balance = balance + 1 WHERE main_account_id = $1', [main]);
    await copy('period_statement', { sub_account_id: 'sa_ghost', sequence: '1' });
    await copy('period_statement', { period: '2001-01', generation: '7' });
    await copy('period_late_fact', { sequence: '1000000000' });
    await copy('period_start', { period: '2001-01' });
  }

  it('makes damaged, lost and invented rows what the ledger has, while customers read and write', async () => {
    const damaged = customer(0).id;
    const lost = customer(1).id;
    // Rows that pass for newer than anything the ledger will say.
    await sql(
      `UPDATE gateway.main_account_state SET balance = balance + 777, sequence = 1000000000, generation = 7
        WHERE main_account_id = $1`,
      [damaged],
    );
    await sql(
      `UPDATE gateway.sub_account_state SET remaining = 999000, used = 1, sequence = 1000000000, generation = 7
        WHERE sub_account_id = $1`,
      [sub(0, 0).id],
    );
    await sql('DELETE FROM gateway.sub_account_state WHERE sub_account_id = $1', [sub(0, 1).id]);
    await sql(
      `INSERT INTO gateway.sub_account_state SELECT main_account_id, 'sa_ghost', generation, sequence, at, lifecycle,
        paused, period, limit_points, next_limit, boost, granted, used, overage, held, remaining, shortfall, priority
        FROM gateway.sub_account_state WHERE sub_account_id = $1`,
      [sub(0, 0).id],
    );
    await sql('DELETE FROM gateway.transfer WHERE main_account_id = $1 AND sequence % 3 = 0', [damaged]);
    await sql(
      `UPDATE gateway.transfer SET millipoints = millipoints + 1, main_balance = 5, reference = 'forged'
        WHERE main_account_id = $1 AND sequence % 3 = 1`,
      [damaged],
    );
    await sql(
      `UPDATE gateway.transfer SET sequence = sequence + 1000000 WHERE main_account_id = $1 AND sequence = 2`,
      [damaged],
    );
    await damageStatements(damaged);
    for (const table of ['main_account_state', 'sub_account_state', 'transfer', ...STATEMENT_TABLES])
      await sql(`DELETE FROM gateway.${table} WHERE main_account_id = $1`, [lost]);
    await sql(
      `INSERT INTO gateway.main_account_state SELECT 'ma_ghost', generation, sequence, at, plan, time_zone,
        credit_limit, funding_policy, feature, suspended, period, next_month_start, balance, available, allocated, held,
        purchased, used, active_sub_accounts FROM gateway.main_account_state WHERE main_account_id = $1`,
      [damaged],
    );
    expect(Object.keys(await differences(system.database))).toEqual(ALL_KINDS);

    let isOver = false;
    let bought = 0;
    let read = 0;
    // A pace that the read model keeps up with: at full speed a fast machine sends more than the gateway can read.
    const busy = async (work: () => Promise<unknown>) => {
      while (!isOver) {
        await work();
        await delay(PACE_MS);
      }
    };
    const traffic = [
      busy(() => send(0, 0, '1')),
      busy(() => send(1, 0, '1')),
      // What comes late to closed statements, before, between and after their parts.
      busy(() => send(0, 0, '0.5', began)),
      busy(() => send(1, 1, '0.25', LONG_BEFORE)),
      busy(async () => {
        // On a busy machine the gateway may ask to come again; that is not what is tried here.
        await system.operator.callPersistently('POST', `${customer(2).path}/purchases`, {
          body: { points: '1', reference: `r${bought}` },
        });
        bought += 1;
      }),
      busy(async () => {
        await system.operator.callPersistently('GET', customer(0).path);
        await system.operator.callPersistently('GET', customer(2).path);
        read += 1;
      }),
    ];
    // Damage and traffic meet before it begins.
    await eventually(() => bought > 0 && read > 0);
    const before = [bought, read];
    const { code, text } = await rebuild();
    const during = [bought - (before[0] ?? 0), read - (before[1] ?? 0)];
    isOver = true;
    await Promise.all(traffic);
    expect([code, text]).toEqual([
      0,
      expect.stringContaining('Done: 3 main accounts as the ledger has them.'),
    ]);
    expect(text).toContain("Not in the ledger's books, and no longer shown: ma_ghost");
    expect(during.every((count) => count > 0)).toBe(true);
    await untilSame();
    expect((await mainOf(customer(1))).balance).not.toBe('0');
    // The month start gave points back, so that its lines tell main's balance.
    expect(await unknownTurns()).toBe(0);
    expect(
      (await transfersOf(customer(0), sub(0, 0).id)).some(({ reference }) => reference === 'forged'),
    ).toBe(false);
  });

  it('takes back what a restored ledger no longer has', async () => {
    const backup = await LedgerBackup.take(system.database);
    const sentBefore = sent;
    const late = await makeSub(customer(0), 'Late', '70');
    const newcomer = await makeCustomer(system, '500');
    await system.operator.post(`${customer(1).path}/purchases`, { points: '4321', reference: 'lost' });
    await customer(2).api.call('DELETE', `${customer(2).path}/sub-accounts/${sub(2, 1).id}`);
    await send(2, 0, '3');
    // A month start and what comes late that nobody will ever have heard of.
    await roll(1);
    await send(1, 0, '4', began);
    await send(2, 0, '6', began);
    await untilSame();
    await system.service('ledger').stop();
    await backup.restore();
    sent = sentBefore;
    for (let lane = 0; lane < PARTITIONS; lane += 1) {
      // What came since the backup is not read again: as if the log had lost it, too.
      const { text } = await operatorCommand(
        system,
        'ledger',
        ...[
          'resume',
          '--lane',
          String(lane),
          '--commands',
          'end',
          '--messages',
          'end',
          '--force',
          '--yes',
          '--wait',
          '0',
        ],
      );
      expect(text).toContain('resumes in generation 2');
    }
    await system.startService('ledger');
    expect(Object.keys(await differences(system.database))).toEqual(ALL_KINDS);

    const { code, text } = await rebuild();
    expect([code, text]).toEqual([
      0,
      expect.stringContaining('Done: 3 main accounts as the ledger has them.'),
    ]);
    expect(text).toContain(`no longer shown: ${newcomer.id}`);
    await untilSame();
    expect(await unknownTurns()).toBe(0);
    // The new timeline's late facts have numbers that the lost one had, too.
    await send(1, 0, '1.5', began);
    await send(2, 0, '2', began);
    await untilSame();
    // Its name is free again, and what was deleted in vain is there.
    const again = await makeSub(customer(0), 'Late', '70');
    expect(again.id).not.toBe(late.id);
    expect((await subOf(customer(2), sub(2, 1).id)).status).toBe('active');
    await untilSame();
  });
});

const STATEMENT_TABLES = ['period_statement', 'period_late_fact', 'period_start'];
const ALL_KINDS = ['main accounts', 'sub-accounts', 'transfers', 'statements', 'month starts'];
