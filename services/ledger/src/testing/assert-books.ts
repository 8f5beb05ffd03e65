import type pg from 'pg';

/** Queries that find nothing as long as the invariants of the books hold (design, section 3). */
const VIOLATIONS: Record<string, string> = {
  'balances of a main account do not sum to 0': `
    SELECT m.main_account_id FROM main_accounts m
    LEFT JOIN (SELECT main_account_id, sum(remaining) AS subs FROM sub_accounts GROUP BY 1) s USING (main_account_id)
    LEFT JOIN (SELECT main_account_id, sum(points) AS holds FROM holds GROUP BY 1) h USING (main_account_id)
    WHERE m.balance + coalesce(s.subs, 0) + coalesce(h.holds, 0) + m.used <> m.purchased
       OR m.granted <> coalesce(s.subs, 0) OR m.held <> coalesce(h.holds, 0)`,
  'a stored balance is not the sum of its transfers': `
    WITH moved AS (
      SELECT main_account_id, account, sum(amount) AS balance FROM (
        SELECT main_account_id, credit_account AS account, amount FROM transfers
        UNION ALL SELECT main_account_id, debit_account, -amount FROM transfers) moves GROUP BY 1, 2),
    stored AS (
      SELECT main_account_id, 'main' AS account, balance FROM main_accounts
      UNION ALL SELECT main_account_id, 'used', used FROM main_accounts
      UNION ALL SELECT main_account_id, 'purchased', -purchased FROM main_accounts
      UNION ALL SELECT main_account_id, 'sub:' || sub_account_id, remaining FROM sub_accounts
      UNION ALL SELECT main_account_id, 'hold:' || message_id, points FROM holds)
    SELECT * FROM stored FULL JOIN moved USING (main_account_id, account)
    WHERE coalesce(stored.balance, 0) <> coalesce(moved.balance, 0)`,
  'a balance after a transfer is not the running sum': `
    SELECT * FROM (
      SELECT main_account_id, sequence, account, after,
             sum(amount) OVER (PARTITION BY main_account_id, account ORDER BY sequence) AS running
      FROM (SELECT main_account_id, sequence, credit_account AS account, amount, credit_balance AS after FROM transfers
            UNION ALL SELECT main_account_id, sequence, debit_account, -amount, debit_balance FROM transfers) moves
    ) sums WHERE after <> running`,
  'a sequence has a gap': `
    SELECT main_account_id FROM journal GROUP BY 1 HAVING max(sequence) <> count(*) OR min(sequence) <> 1
    UNION ALL
    SELECT main_account_id FROM transfers GROUP BY 1 HAVING max(sequence) <> count(*) OR min(sequence) <> 1`,
  'a main account is not where its journal and transfers are': `
    SELECT m.main_account_id FROM main_accounts m
    WHERE m.sequence <> (SELECT coalesce(max(j.sequence), 0) FROM journal j WHERE j.main_account_id = m.main_account_id)
       OR m.transfer_sequence <> (SELECT coalesce(max(t.sequence), 0) FROM transfers t WHERE t.main_account_id = m.main_account_id)`,
};

/** @throws Error naming each invariant that does not hold, with its first rows */
export async function assertBooks(db: pg.Pool): Promise<void> {
  const problems: string[] = [];
  for (const [problem, sql] of Object.entries(VIOLATIONS)) {
    const { rows } = await db.query(sql);
    if (rows.length > 0) problems.push(`${problem}: ${JSON.stringify(rows.slice(0, 3))}`);
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
}
