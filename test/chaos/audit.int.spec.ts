/** An audit that cannot fail proves nothing: each query has to find the wrong that it is there for. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SERVICES } from '@subledger/service-kit/installed-services';
import { createTestDatabase, type TestDatabase } from '@subledger/testing';
import { packEvents } from '@subledger/wire';
import { BOOK_VIOLATIONS, READ_MODEL_VIOLATIONS, violations } from './audit.js';

const transfer = (
  sequence: number,
  event: number,
  from: string,
  to: string,
  amount: number,
  toBalance = amount,
) =>
  `INSERT INTO ledger.transfers (main_account_id, sequence, event_sequence, kind, debit_account, credit_account,
     amount, debit_balance, credit_balance, sub_account_id, message_id, period, reference, at)
   VALUES ('ma_1', ${sequence}, ${event}, 'purchase', '${from}', '${to}', ${amount},
   0, ${toBalance}, NULL, ${to === 'used' ? "'m1'" : 'NULL'}, '2026-11', '', now())`;
/** A block with one event. */
function journal(sequence: number, type: string, payload: { data?: object }): string {
  const at = new Date().toISOString();
  const data = { mainAccountId: 'ma_1', sequence, at, cause: { kind: 'command', id: 'c' }, ...payload.data };
  const event = { lane: 0, laneSequence: BigInt(sequence), generation: 1, at };
  const [block] = packEvents([{ ...event, payload: JSON.stringify({ type, data }) }]);
  const bytes = `'\\x${block?.payload.toString('hex')}'`;
  return `INSERT INTO ledger.lanes (lane, epoch, owner) VALUES (0, 1, 'test') ON CONFLICT DO NOTHING;
    INSERT INTO ledger.journal (lane, first_sequence, last_sequence, generation, at, format, checksum, payload)
    VALUES (0, ${sequence}, ${sequence}, 1, '${at}', ${block?.format}, ${block?.checksum}, ${bytes})`;
}
const main = (values: { balance: number; purchased: number; granted?: number }) =>
  `INSERT INTO ledger.main_accounts (main_account_id, plan, time_zone, funding_policy, feature_active, suspended, period,
     period_opened_at, next_month_start, balance, purchased, used, held, granted, active_sub_accounts, sub_accounts,
     opened, sequence, transfer_sequence)
   VALUES ('ma_1', 'prepay', 'Asia/Tokyo', 'full', true, false, '2026-11', now(), now(), ${values.balance},
     ${values.purchased}, 0, 0, ${values.granted ?? 0}, 0, 0, 0, 1, 1)`;
const sub = `INSERT INTO ledger.sub_accounts (main_account_id, sub_account_id, ordinal, lifecycle, paused, priority,
     point_limit, period, boost, used, overage, held, remaining, opening)
   VALUES ('ma_1', 'sa_1', 1, 'active', false, 100, 0, '2026-11', 0, 0, 0, 0, 0, 0)`;
const charge = `INSERT INTO ledger.charges (main_account_id, message_id, sub_account_id, period, points, refunded, at)
   VALUES ('ma_1', 'm1', 'sa_1', '2026-11', 5, 0, now())`;
const pending = `INSERT INTO gateway.operation (id, main_account_id, action, asker, command_id, command)
   VALUES ('op_1', 'ma_1', 'createPurchase', 'operator', 'c', '{}')`;
const late = `INSERT INTO gateway.period_late_fact (main_account_id, sequence, generation, period, sub_account_id, used,
     refunded, returned)
   VALUES ('ma_1', 1, 1, '2026-11', 'sa_1', 5, 0, 0)`;
const rolled = (sequence: number) =>
  journal(sequence, 'subledger.period.rolled.v1', { data: { to: '2026-12' } });

const BROKEN: Record<string, readonly string[]> = {
  'purchased is in main, sub-accounts, holds or used': [
    // The table's own check is content: a point is granted, but no sub-account has it.
    main({ balance: 9, purchased: 10, granted: 1 }),
  ],
  'each stored balance is the sum of its transfers': [
    main({ balance: 10, purchased: 10 }),
    transfer(1, 1, 'purchased', 'main', 9),
  ],
  'sub-accounts and holds are never below zero': [transfer(1, 1, 'main', 'sub:sa_1', 5, -1)],
  'event sequences are 1, 2, 3 without a gap': [journal(1, 'a', {}), journal(3, 'a', {})],
  'a period of a main account is rolled at most once': [rolled(1), rolled(2)],
  'a message has one charge, of its points': [
    charge,
    transfer(1, 1, 'main', 'used', 2),
    transfer(2, 2, 'main', 'used', 3),
  ],
  'main accounts': [main({ balance: 0, purchased: 0 })],
  'sub-accounts': [sub],
  'statements, with what came late': [late],
  transfers: [transfer(1, 1, 'purchased', 'main', 9)],
  'writes without an outcome': [pending],
};

describe('the audit', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase({ services: SERVICES });
  });
  afterEach(() => database.drop());

  it.each(Object.entries({ ...BOOK_VIOLATIONS, ...READ_MODEL_VIOLATIONS }))('sees: %s', async (name, sql) => {
    expect(await violations(database, sql)).toEqual([]);
    for (const statement of BROKEN[name] ?? []) await database.client.query(statement);
    expect(await violations(database, sql)).not.toEqual([]);
  });
});
