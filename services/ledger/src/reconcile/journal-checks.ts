import { eventType, FOLLOW_UP_EVENTS } from '@subledger/contracts';
import { oneCheck, type ReconciliationQuery } from './query.js';
import { inMonths, inScope, own } from './scope.js';

const literal = (name: Parameters<typeof eventType>[0]): string => `'${eventType(name)}'`;
/** The refusal of a command id that was used for another command. It is not the outcome of the id. */
const CONFLICT = `(j.type = ${literal('command.rejected')} AND j.payload LIKE '%"code":"idempotency-conflict"%')`;
/** Events that only follow from another event of the same command. */
const FOLLOWS = `j.type IN (${FOLLOW_UP_EVENTS.map(literal).join(', ')})`;

/**
 * Checks that every outcome in the journal is stored with its command id, and the reverse. A command whose outcome is
 * not in the journal, or whose month is detached, is left out.
 */
const outcomes = oneCheck(
  {
    name: 'command-outcome-once',
    invariant: 5,
    meaning: 'A command id has no outcome in the journal, or another one than is kept for it, or several',
  },
  (scope) => `
    SELECT main_account_id, command_id, count(outcome) AS outcomes, min(outcome) AS outcome, min(expected) AS expected
    FROM (
      SELECT j.main_account_id, j.cause_id AS command_id, j.lane_sequence AS outcome, NULL::bigint AS expected, 0 AS commands
      FROM journal_events j WHERE j.cause_kind = 'command' AND NOT ${FOLLOWS} AND NOT ${CONFLICT} AND ${inScope(scope, 'j')}
      UNION ALL
      SELECT c.main_account_id, c.command_id, NULL,
        CASE WHEN ${inMonths(scope, 'c')} THEN c.lane_sequence END, 1
      FROM commands c WHERE ${own(scope, 'c')}
    ) AS rows GROUP BY 1, 2
    HAVING count(outcome) > 1 OR sum(commands) <> 1 OR coalesce(min(outcome), 0) <> coalesce(min(expected), 0)`,
);

const chargeEvents = oneCheck(
  {
    name: 'charge-events',
    invariant: 5,
    meaning:
      'A main account has more or fewer `message.charged` events than charges: a message was charged twice, or its charge is lost',
  },
  (scope) => `
    SELECT main_account_id, sum(events) AS events, sum(charges) AS charges FROM (
      SELECT j.main_account_id, 1 AS events, 0 AS charges FROM journal_events j
      WHERE j.type = ${literal('message.charged')} AND ${inScope(scope, 'j')}
      UNION ALL SELECT c.main_account_id, 0, 1 FROM charges c WHERE ${inScope(scope, 'c')}
    ) AS rows GROUP BY 1 HAVING sum(events) <> sum(charges)`,
);

/**
 * SQL for the text between two texts of the payload. The ledger writes its JSON in only one form
 * (`wire/event-json.ts`), and a text value cannot contain an unescaped quote. Parsing a whole event for one field
 * takes ten times as long.
 */
const between = (start: string, end: string): string =>
  `split_part(split_part(j.payload, '${start}', 2), '${end}', 1)`;

const rolls = oneCheck(
  {
    name: 'period-rolled-once',
    invariant: 5,
    meaning: 'A main account has more than one month start of a period',
  },
  (scope) => `
    SELECT j.main_account_id, ${between('"to":"', '"')} AS period, count(*) AS rolls, min(j.sequence) AS first, max(j.sequence) AS last
    FROM journal_events j WHERE j.type = ${literal('period.rolled')} AND ${inScope(scope, 'j')}
    GROUP BY 1, 2 HAVING count(*) > 1`,
);

/** Figures of a closing: the statement's column and the event's field. */
const FIGURES = {
  opening: 'opening',
  point_limit: 'limit',
  boost: 'boost',
  granted: 'granted',
  used: 'used',
  overage: 'overage',
  held: 'held',
  returned: 'returned',
};
const eachFigure = (toSql: (column: string, field: string) => string): string =>
  Object.entries(FIGURES)
    .map(([column, field]) => toSql(column, field))
    .join(', ');

/**
 * Checks that each event that closes a sub-account's period has a statement with the same figures, and that no other
 * statement has closing figures. A statement with only late facts has none.
 */
const closings = oneCheck(
  {
    name: 'statement-closings',
    invariant: 6,
    meaning:
      'A closed period of a sub-account has no statement, or several closings, or other figures than the event that closed it',
  },
  (scope) => `
    SELECT main_account_id, sub_account_id, period, sum(closings) AS closings, sum(statements) AS statements,
      ${eachFigure((column) => `max(${column}) AS ${column}`)}
    FROM (
      SELECT j.main_account_id, ${between('"subAccount":{"subAccountId":"', '"')} AS sub_account_id, closed.period,
        1 AS closings, 0 AS statements, ${eachFigure((column, field) => `(closed."${field}" * 1000)::bigint AS ${column}`)}
      FROM journal_events j, LATERAL (SELECT ${between('"closed":', '}')} || '}' AS text) AS figures,
        LATERAL json_to_record(CASE WHEN text IS JSON THEN text::json END)
          AS closed (period text, ${eachFigure((_, field) => `"${field}" numeric`)})
      WHERE j.type IN (${literal('sub-account.rolled')}, ${literal('sub-account.deleted')}) AND ${inScope(scope, 'j')}
      UNION ALL
      SELECT s.main_account_id, s.sub_account_id, s.period, 0, 1, ${eachFigure((column) => `s.${column}`)}
      FROM period_statements s WHERE ${inScope(scope, 's')}
    ) AS rows GROUP BY 1, 2, 3
    HAVING sum(closings) > 1 OR sum(statements) <> 1
      OR (${eachFigure((column) => `min(${column})`)}) <> (${eachFigure((column) => `max(${column})`)})
      OR (sum(closings) = 0 AND (${eachFigure((column) => `max(${column})`)}) <> (${eachFigure(() => '0')}))`,
);

export const JOURNAL_QUERIES: readonly ReconciliationQuery[] = [outcomes, chargeEvents, rolls, closings];
