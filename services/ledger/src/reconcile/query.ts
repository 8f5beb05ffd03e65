import type { Check } from './reconciliation.js';
import type { Scope } from './scope.js';

/** One statement, which answers one check or several that need the same pass over the same rows. */
export interface ReconciliationQuery {
  readonly checks: readonly Check[];
  /**
   * SELECT that gives a row per violation: `name` of the check, `main_account_id`, and `found`, a JSON object.
   * Null where the scope does not allow to say.
   */
  sql(scope: Scope): string | null;
}

/** A query of one check whose SELECT gives a violation's columns; they become the example. */
export const oneCheck = (check: Check, sql: (scope: Scope) => string | null): ReconciliationQuery => ({
  checks: [check],
  sql: (scope) => {
    const select = sql(scope);
    return (
      select && `SELECT '${check.name}' AS name, main_account_id, ${found('wrong')} FROM (${select}) AS wrong`
    );
  },
});

/** A row as JSON: numbers as text, since JSON's readers lose the last digits of large ones. */
const found = (row: string): string =>
  `(SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(to_jsonb(${row}))) AS found`;
