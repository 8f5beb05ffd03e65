import { oneCheck, type ReconciliationQuery } from './query.js';
import { edge, inScope, own, type Scope, since } from './scope.js';

/** The stored balances of all accounts. A hold without points has none. */
const stored = (scope: Scope): string => `
  SELECT m.main_account_id, 'main' AS account, m.balance FROM main_accounts m WHERE ${own(scope, 'm')}
  UNION ALL SELECT m.main_account_id, 'used', m.used FROM main_accounts m WHERE ${own(scope, 'm')}
  UNION ALL SELECT m.main_account_id, 'purchased', -m.purchased FROM main_accounts m WHERE ${own(scope, 'm')}
  UNION ALL SELECT s.main_account_id, 'sub:' || s.sub_account_id, s.remaining FROM sub_accounts s WHERE ${own(scope, 's')}
  UNION ALL SELECT h.main_account_id, 'hold:' || h.message_id, h.points FROM holds h WHERE h.points <> 0 AND ${own(scope, 'h')}`;

const sumToZero = oneCheck(
  {
    name: 'balances-sum-to-zero',
    invariant: 1,
    meaning:
      'What was purchased is not what is in main, sub-accounts, holds and used together: points appeared or vanished',
  },
  (scope) => `
    SELECT main_account_id, sum(balance) AS sum FROM (${stored(scope)}) AS accounts
    GROUP BY 1 HAVING sum(balance) <> 0`,
);

/**
 * Without joins: stored and moved amounts are rows of one list, so that a wrong estimate cannot lead to a bad plan.
 */
const equalTransfers = oneCheck(
  {
    name: 'balances-equal-transfers',
    invariant: 2,
    meaning: "An account's stored balance is not the sum of its transfers",
  },
  (scope) =>
    scope.since === null
      ? `
    SELECT main_account_id, account, sum(stored) AS stored, sum(moved) AS moved FROM (
      SELECT main_account_id, account, balance AS stored, 0::bigint AS moved FROM (${stored(scope)}) AS accounts
      UNION ALL SELECT c.main_account_id, c.account, 0, c.balance FROM closing_balances c WHERE ${own(scope, 'c')}
      UNION ALL SELECT t.main_account_id, t.credit_account, 0, t.amount FROM transfers t WHERE ${own(scope, 't')}
      UNION ALL SELECT t.main_account_id, t.debit_account, 0, -t.amount FROM transfers t WHERE ${own(scope, 't')}
    ) AS rows GROUP BY 1, 2 HAVING sum(stored) <> sum(moved)`
      : `
    SELECT main_account_id, account, sum(stored) AS stored, sum(after) AS moved FROM (
      SELECT main_account_id, account, balance AS stored, NULL::bigint AS after FROM (${stored(scope)}) AS accounts
      UNION ALL (SELECT DISTINCT ON (main_account_id, account) main_account_id, account, 0, after
        FROM (${legs(scope)}) AS legs ORDER BY main_account_id, account, sequence DESC)
    ) AS rows GROUP BY 1, 2 HAVING sum(stored) <> sum(after)`,
);

/** Each transfer twice, for its debit and its credit account. */
const legs = (scope: Scope): string => `
  SELECT t.main_account_id, t.sequence, t.credit_account AS account, t.amount AS moved, t.credit_balance AS after
  FROM transfers t WHERE ${own(scope, 't')} AND ${since(scope, 't')}
  UNION ALL SELECT t.main_account_id, t.sequence, t.debit_account, -t.amount, t.debit_balance
  FROM transfers t WHERE ${own(scope, 't')} AND ${since(scope, 't')}`;

/**
 * Balances of accounts at the edge. Attached numbers below the edge belong to it too: two topics are merged, so a
 * month's last numbers can lie in the previous month.
 */
const openings = (scope: Scope): string => `
  SELECT main_account_id, account, sum(moved)::bigint AS after FROM (
    SELECT c.main_account_id, c.account, c.balance AS moved FROM closing_balances c WHERE ${own(scope, 'c')}
    UNION ALL SELECT main_account_id, account, moved FROM closing_counts c JOIN transfers t USING (main_account_id),
      LATERAL (VALUES (t.credit_account, t.amount), (t.debit_account, -t.amount)) AS leg (account, moved)
    WHERE t.sequence <= c.last_transfer AND ${own(scope, 'c')}
  ) AS moves GROUP BY 1, 2`;

/** One number per account of a main account. */
const hash = (of: string): string =>
  `hashtextextended(${of}.account, hashtextextended(${of}.main_account_id, 0))`;

/**
 * Checks that each transfer continues where the previous one of the same account ended. It sorts by a 64-bit hash of
 * the account instead of by texts: a third of the bytes, and numbers are faster to compare. Two accounts with the
 * same hash would be reported wrongly, but never missed. Over a million accounts, this happens once in millions of
 * runs.
 */
const runningBalances = oneCheck(
  {
    name: 'running-balances',
    invariant: 2,
    meaning:
      'The balance that a transfer shows is not the one before it plus or minus its amount: one was changed, lost or doubled',
  },
  (scope) => `
    WITH edge AS MATERIALIZED (${edge(scope, 'transfers')}),
    chain AS (
      SELECT account, sequence, after - moved AS begins,
        lag(after) OVER (PARTITION BY account ORDER BY sequence) AS ended
      FROM (
        SELECT ${hash('l')} AS account, l.sequence, l.moved, l.after
        FROM (${legs(scope)}) AS l LEFT JOIN edge e ON e.main_account_id = l.main_account_id
        WHERE l.sequence > coalesce(e.last, 0)
        ${scope.since === null ? `UNION ALL SELECT ${hash('o')}, 0, NULL, o.after FROM (${openings(scope)}) AS o` : ''}
      ) AS lines),
    broken AS MATERIALIZED (
      SELECT * FROM chain WHERE begins <> ${scope.since === null ? 'coalesce(ended, 0)' : 'ended'})
    SELECT l.main_account_id, l.sequence, l.account, b.begins AS before, b.ended AS ended_before
    FROM broken b JOIN (${legs(scope)}) AS l ON ${hash('l')} = b.account AND l.sequence = b.sequence
    GROUP BY 1, 2, 3, 4, 5`,
);

const notNegative = oneCheck(
  {
    name: 'no-negative-balance',
    invariant: 3,
    meaning: 'A sub-account or a hold is, or was after a transfer, below 0',
  },
  (scope) => `
    SELECT main_account_id, NULL::bigint AS sequence, account, balance FROM (${stored(scope)}) AS accounts
    WHERE balance < 0 AND (account LIKE 'sub:%' OR account LIKE 'hold:%')
    UNION ALL SELECT main_account_id, sequence, account, after FROM (${legs(scope)}) AS legs
    WHERE after < 0 AND (account LIKE 'sub:%' OR account LIKE 'hold:%')`,
);

/**
 * Checks that only messages take main below 0. Plan and credit limit are those of the event that explains the
 * transfer. They are the state after its decision, and no decision changes them after a transfer.
 */
const available = oneCheck(
  {
    name: 'available-not-exceeded',
    invariant: 3,
    meaning: 'A command or a funding pass took more than was available',
  },
  (scope) => `
    SELECT t.main_account_id, t.sequence, t.kind, t.debit_balance AS balance, state.plan, state.credit_limit
    FROM transfers t
    JOIN journal_events j ON j.main_account_id = t.main_account_id AND j.sequence = t.event_sequence AND j.at = t.at
    CROSS JOIN LATERAL (SELECT CASE WHEN j.payload IS JSON THEN j.payload::json #> '{data,mainAccount}' END AS main) AS event
    CROSS JOIN LATERAL (SELECT main ->> 'plan' AS plan, (main ->> 'creditLimit')::numeric * 1000 AS credit_limit) AS state
    WHERE t.debit_account = 'main' AND t.kind <> 'message-overage' AND t.debit_balance < 0 AND ${inScope(scope, 't')}
      AND CASE state.plan WHEN 'prepay' THEN true WHEN 'postpay' THEN t.debit_balance + state.credit_limit < 0 END`,
);

export const BALANCE_QUERIES: readonly ReconciliationQuery[] = [
  sumToZero,
  equalTransfers,
  runningBalances,
  notNegative,
  available,
];
