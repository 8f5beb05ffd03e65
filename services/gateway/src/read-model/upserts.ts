import type { MainAccountState } from '@subledger/contracts';
import { parsePoints } from '@subledger/core';
import { columns, type Statement } from '@subledger/database';
import type { MainRow, SubRow, TransferRow } from './fold-events.js';

const orNull = (text: string | null): bigint | null => (text === null ? null : parsePoints(text));

/** A ledger from before knew one reason, an operator. */
const suspensionsIn = ({ suspended, suspensions }: MainAccountState): readonly string[] =>
  suspensions ?? (suspended ? ['operator'] : []);

/** Only what is newer by (generation, sequence) is written: duplicates and late events change nothing. */
export function mainsUpsert(rows: readonly MainRow[]): Statement {
  return {
    name: 'mains',
    text: `INSERT INTO main_account_state AS t (main_account_id, generation, sequence, at, plan, time_zone, credit_limit,
       funding_policy, feature, suspended, period, next_month_start, balance, available, allocated, held, purchased,
       used, active_sub_accounts, suspensions, suspend_below, next_time_zone)
     SELECT a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, string_to_array(t, ','), u, v FROM unnest($1::text[], $2::int[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::bigint[],
       $8::text[], $9::text[], $10::bool[], $11::text[], $12::timestamptz[], $13::bigint[], $14::bigint[],
       $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::int[], $20::text[], $21::bigint[], $22::text[])
       AS x (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v)
     ON CONFLICT (main_account_id) DO UPDATE SET
       generation = excluded.generation, sequence = excluded.sequence, at = excluded.at, plan = excluded.plan,
       time_zone = excluded.time_zone, credit_limit = excluded.credit_limit,
       funding_policy = excluded.funding_policy, feature = excluded.feature, suspended = excluded.suspended,
       period = excluded.period, next_month_start = excluded.next_month_start, balance = excluded.balance,
       available = excluded.available, allocated = excluded.allocated, held = excluded.held,
       purchased = excluded.purchased, used = excluded.used, active_sub_accounts = excluded.active_sub_accounts,
       suspensions = excluded.suspensions, suspend_below = excluded.suspend_below,
       next_time_zone = excluded.next_time_zone
     WHERE (excluded.generation, excluded.sequence) > (t.generation, t.sequence)`,
    values: columns(
      rows,
      (r) => r.mainAccountId,
      (r) => r.generation,
      (r) => r.sequence,
      (r) => r.at,
      (r) => r.state.plan,
      (r) => r.state.timeZone,
      (r) => orNull(r.state.creditLimit),
      (r) => r.state.fundingPolicy,
      (r) => r.state.feature,
      (r) => r.state.suspended,
      (r) => r.state.period,
      (r) => r.state.nextMonthStart,
      (r) => parsePoints(r.state.balance),
      (r) => orNull(r.state.available),
      (r) => parsePoints(r.state.allocated),
      (r) => parsePoints(r.state.held),
      (r) => parsePoints(r.state.purchased),
      (r) => parsePoints(r.state.used),
      (r) => r.state.activeSubAccounts,
      // A list of lists would have to be of equal lengths.
      (r) => suspensionsIn(r.state).join(','),
      (r) => orNull(r.state.suspendBelow ?? null),
      (r) => r.state.nextTimeZone ?? null,
    ),
  };
}

export function subsUpsert(rows: readonly SubRow[]): Statement {
  return {
    name: 'subs',
    text: `INSERT INTO sub_account_state AS t (main_account_id, sub_account_id, generation, sequence, at, lifecycle, paused,
       period, limit_points, next_limit, boost, granted, used, overage, held, remaining, shortfall, priority, ordinal,
       opening)
     SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::timestamptz[], $6::text[], $7::bool[],
       $8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
       $15::bigint[], $16::bigint[], $17::bigint[], $18::int[], $19::int[], $20::bigint[])
     ON CONFLICT (main_account_id, sub_account_id) DO UPDATE SET
       generation = excluded.generation, sequence = excluded.sequence, at = excluded.at,
       lifecycle = excluded.lifecycle, paused = excluded.paused, period = excluded.period,
       limit_points = excluded.limit_points, next_limit = excluded.next_limit, boost = excluded.boost,
       granted = excluded.granted, used = excluded.used, overage = excluded.overage, held = excluded.held,
       remaining = excluded.remaining, shortfall = excluded.shortfall, priority = excluded.priority,
       ordinal = excluded.ordinal, opening = excluded.opening
     WHERE (excluded.generation, excluded.sequence) > (t.generation, t.sequence)`,
    values: columns(
      rows,
      (r) => r.mainAccountId,
      (r) => r.state.subAccountId,
      (r) => r.generation,
      (r) => r.sequence,
      (r) => r.at,
      (r) => r.state.lifecycle,
      (r) => r.state.paused,
      (r) => r.state.period,
      (r) => parsePoints(r.state.limit),
      (r) => orNull(r.state.nextLimit),
      (r) => parsePoints(r.state.boost),
      (r) => parsePoints(r.state.granted),
      (r) => parsePoints(r.state.used),
      (r) => parsePoints(r.state.overage),
      (r) => parsePoints(r.state.held),
      (r) => parsePoints(r.state.remaining),
      (r) => parsePoints(r.state.shortfall),
      (r) => r.state.priority,
      (r) => r.state.ordinal ?? null,
      (r) => orNull(r.state.opening ?? null),
    ),
  };
}

/** A transfer never changes; only a raised generation (a restored ledger) writes its number again. */
export const transfersInsert = (rows: readonly TransferRow[]): Statement =>
  transfersUpsert('transfers', rows, 'excluded.generation > t.generation');

/**
 * Transfers as the ledger has them now, whatever is in their place: written where that says something else. Those of a
 * ledger that was restored since change nothing; rows of the main accounts' states must be as new as these.
 */
export const snapshotTransfersUpsert = (rows: readonly TransferRow[]): Statement =>
  transfersUpsert(
    'snapshot-transfers',
    rows,
    `(t.generation > excluded.generation OR (t.at, t.kind, t.from_kind, t.to_kind, t.millipoints, t.main_balance,
       t.sub_balance, t.main_line, t.sub_line, t.sub_account_id, t.message_id, t.period, t.reference)
       IS DISTINCT FROM (excluded.at, excluded.kind, excluded.from_kind, excluded.to_kind, excluded.millipoints,
       excluded.main_balance, excluded.sub_balance, excluded.main_line, excluded.sub_line, excluded.sub_account_id,
       excluded.message_id, excluded.period, excluded.reference))
     AND EXISTS (SELECT FROM main_account_state m
       WHERE m.main_account_id = t.main_account_id AND m.generation <= excluded.generation)`,
  );

function transfersUpsert(name: string, rows: readonly TransferRow[], condition: string): Statement {
  return {
    name,
    text: `INSERT INTO transfer AS t (main_account_id, sequence, generation, at, kind, from_kind, to_kind, millipoints,
       main_balance, sub_balance, main_line, sub_line, sub_account_id, message_id, period, reference)
     SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
       $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::text[],
       $16::text[])
     ON CONFLICT (main_account_id, sequence) DO UPDATE SET
       generation = excluded.generation, at = excluded.at, kind = excluded.kind, from_kind = excluded.from_kind,
       to_kind = excluded.to_kind, millipoints = excluded.millipoints, main_balance = excluded.main_balance,
       sub_balance = excluded.sub_balance, main_line = excluded.main_line, sub_line = excluded.sub_line,
       sub_account_id = excluded.sub_account_id, message_id = excluded.message_id, period = excluded.period,
       reference = excluded.reference
     WHERE ${condition}`,
    values: columns(
      rows,
      (r) => r.mainAccountId,
      (r) => r.transfer.sequence,
      (r) => r.generation,
      (r) => r.at,
      (r) => r.transfer.kind,
      (r) => r.transfer.from,
      (r) => r.transfer.to,
      (r) => parsePoints(r.transfer.points),
      (r) => balanceOf(r, 'main'),
      (r) => balanceOf(r, 'sub'),
      (r) => (balanceOf(r, 'main') === null ? null : r.transfer.sequence),
      (r) => (balanceOf(r, 'sub') === null ? null : r.transfer.sequence),
      (r) => r.transfer.subAccountId,
      (r) => r.transfer.messageId,
      (r) => r.transfer.period,
      (r) => r.transfer.reference,
    ),
  };
}

/** Balance after the move of the account of this kind, or null where the move does not touch one. */
function balanceOf({ transfer }: TransferRow, kind: 'main' | 'sub'): bigint | null {
  if (transfer.from === kind) return parsePoints(transfer.fromBalance);
  if (transfer.to === kind) return parsePoints(transfer.toBalance);
  return null;
}
