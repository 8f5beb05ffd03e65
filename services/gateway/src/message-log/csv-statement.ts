import { type CsvReader, MESSAGE_CSV_COLUMNS, type MessageCsvQuery } from '@subledger/contracts';
import pg from 'pg';
import type { CsvFile } from '../csv/csv-downloads.js';
import { textCell } from '../csv/csv-guard.js';
import { csvTime } from '../csv/csv-time.js';
import { hasWholeHours } from '../csv/zone-offsets.js';
import { pointsSql } from '../database/points-sql.js';

/** The main account of the log, and the zone of its times. */
interface CsvScope {
  readonly mainAccountId: string;
  readonly timeZone: string;
}

/**
 * The order comes from the index, month after month, so that nothing is sorted and the first row is sent at once. A
 * hash or merge join would lose the order.
 */
const PLAN = `SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
  SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_material = off`;

const literal = pg.escapeLiteral;

/** In the order of `MESSAGE_CSV_COLUMNS`. Every text that others choose goes through `textCell`. */
const columnsFor = (reader: CsvReader, isWholeHours: boolean): readonly string[] => [
  textCell('coalesce(s.name, m.sub_account_id)', reader),
  csvTime('m.sent_at', isWholeHours),
  csvTime('m.status_at', isWholeHours),
  csvTime('m.delivery_end_at', isWholeHours),
  textCell('m.message_id', reader),
  textCell('m.recipient', reader),
  textCell('m.sender', reader),
  textCell('m.content', reader),
  'm.status',
  pointsSql('(m.millipoints - m.refunded)'),
  textCell('m.shortlink_status', reader),
  textCell('m.shortlink_url', reader),
  'm.sub_account_id',
];

/** The CSV file of a main account's log, oldest first. */
export const messageFile = (scope: CsvScope, filter: MessageCsvQuery): CsvFile => ({
  columns: MESSAGE_CSV_COLUMNS,
  reader: filter.for,
  timeZone: scope.timeZone,
  settings: PLAN,
  copy: csvStatement(scope, filter),
});

/** COPY takes no parameters. So the values, which the contract's schema has checked, are quoted. */
function csvStatement({ mainAccountId, timeZone }: CsvScope, filter: MessageCsvQuery): string {
  const { from, to, subAccount, status } = filter;
  const conditions = [
    `m.main_account_id = ${literal(mainAccountId)}`,
    ...(from === undefined ? [] : [`m.sent_at >= ${literal(from)}::timestamptz`]),
    ...(to === undefined ? [] : [`m.sent_at < ${literal(to)}::timestamptz`]),
    ...(subAccount === undefined ? [] : [`m.sub_account_id = ${literal(subAccount)}`]),
    ...(status === undefined ? [] : [`m.status = ${literal(status)}`]),
  ];
  return `COPY (SELECT ${columnsFor(filter.for, hasWholeHours(timeZone)).join(', ')} FROM message_log m
    LEFT JOIN sub_account s ON s.main_account_id = ${literal(mainAccountId)}
      AND s.id = m.sub_account_id COLLATE "default"
    WHERE ${conditions.join(' AND ')} ORDER BY m.sent_at, m.message_id) TO STDOUT (FORMAT csv)`;
}
