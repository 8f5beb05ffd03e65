import { oneCheck, type ReconciliationQuery } from './query.js';
import { own } from './scope.js';

/** Checks without transfers: rows of the books against one another. */

const resolvedHolds = oneCheck(
  {
    name: 'holds-empty-once-resolved',
    invariant: 3,
    meaning: 'A resolved hold still has points, or an open one has none',
  },
  (scope) => `
    SELECT h.main_account_id, h.message_id, h.state, h.points FROM holds h
    WHERE (h.state = 'open') <> (h.points > 0) AND ${own(scope, 'h')}`,
);

const COUNTERS = ['granted', 'held', 'active_sub_accounts', 'sub_accounts', 'opened'];

const mainCounters = oneCheck(
  {
    name: 'main-account-counters',
    invariant: 6,
    meaning:
      "A main account's sums or counts (granted, held, sub-accounts) are not those of its sub-accounts and holds",
  },
  (scope) => `
    SELECT * FROM (
      SELECT main_account_id, ${COUNTERS.flatMap((name) => [`sum(${name}) AS ${name}`, `sum(${name}_found) AS ${name}_found`]).join(', ')}
      FROM (
        SELECT m.main_account_id, ${COUNTERS.map((name) => `m.${name}, 0::bigint AS ${name}_found`).join(', ')}
        FROM main_accounts m WHERE ${own(scope, 'm')}
        UNION ALL
        SELECT s.main_account_id, 0, s.remaining, 0, 0, 0, (s.lifecycle = 'active')::int, 0, (s.lifecycle <> 'deleted')::int, 0, 1
        FROM sub_accounts s WHERE ${own(scope, 's')}
        UNION ALL
        SELECT h.main_account_id, 0, 0, 0, h.points, 0, 0, 0, 0, 0, 0 FROM holds h WHERE h.points <> 0 AND ${own(scope, 'h')}
      ) AS rows GROUP BY 1
    ) AS sums WHERE (${COUNTERS.join(', ')}) <> (${COUNTERS.map((name) => `${name}_found`).join(', ')})`,
);

/** The last block of a lane is found by an index, for any size of the journal. */
const lanes = oneCheck(
  {
    name: 'lanes',
    invariant: 4,
    meaning: 'A lane counts as published, or has events, beyond the last number that it gave',
  },
  ({ mainAccountId }) =>
    mainAccountId === null
      ? `
    SELECT NULL::text AS main_account_id, * FROM (
      SELECT l.lane, l.lane_sequence, l.published_sequence,
        (SELECT max(j.last_sequence) FROM journal j WHERE j.lane = l.lane) AS last_event
      FROM lanes l
    ) AS ends WHERE published_sequence > lane_sequence OR last_event > lane_sequence`
      : null,
);

const defaultPartitions = oneCheck(
  {
    name: 'default-partitions',
    invariant: 2,
    isWarning: true,
    meaning:
      'Rows lie in a default partition: their month had none when they were written, and cannot be detached',
  },
  (scope) => `
    SELECT d.main_account_id, 'transfers' AS table, d.sequence, d.at FROM transfers_default d WHERE ${own(scope, 'd')}
    UNION ALL SELECT DISTINCT ON (e.main_account_id) e.main_account_id, 'journal', e.sequence, e.at
      FROM journal_default d JOIN journal_events e ON e.lane = d.lane
        AND e.lane_sequence BETWEEN d.first_sequence AND d.last_sequence WHERE ${own(scope, 'e')}`,
);

export const STATE_QUERIES: readonly ReconciliationQuery[] = [
  resolvedHolds,
  mainCounters,
  lanes,
  defaultPartitions,
];
