import type { Check } from './reconciliation.js';
import type { Scope } from './scope.js';

/** One SQL statement that answers one check, or several that need the same pass over the same rows. */
export interface ReconciliationQuery {
  readonly checks: readonly Check[];
  /**
   * SELECT with a row per violation: `name` of the check, `main_account_id`, and `found`, a JSON object. Null if the
   * scope does not allow the check.
   */
  sql(scope: Scope): string | null;
}

/** A query of one check. Its SELECT gives a violation's columns, which become the example. */
export const oneCheck = (check: Check, sql: (scope: Scope) => string | null): ReconciliationQuery => ({
  checks: [check],
  sql: (scope) => {
    const select = sql(scope);
    return (
      select && `SELECT '${check.name}' AS name, main_account_id, ${found('wrong')} FROM (${select}) AS wrong`
    );
  },
});

/** A row as JSON, with numbers as text, because JSON parsers lose the last digits of large numbers. */
const found = (row: string): string =>
  `(SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(to_jsonb(${row}))) AS found`;
