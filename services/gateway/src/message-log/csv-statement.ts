import type { MessageCsvQuery } from '@subledger/contracts';
import pg from 'pg';
import { hasWholeHours } from './zone-offsets.js';

/** Whose log, and the zone of its times, which the session must be set to. */
export interface CsvScope {
  readonly mainAccountId: string;
  readonly timeZone: string;
}

const literal = pg.escapeLiteral;

/**
 * SQL of a time in the session's zone with its offset, to the second: `2026-11-23 09:00:00+09:00`. PostgreSQL's own
 * output, which has no minutes of an offset of whole hours, takes a fifth of what `to_char` does; with three times in a
 * row that is most of the file's cost. Half a second less rounds down to the second.
 */
const time = (column: string, isWholeHours: boolean): string =>
  isWholeHours
    ? `(${column} - INTERVAL '499.5 ms')::timestamptz(0)::text || ':00'`
    : `to_char(${column}, 'YYYY-MM-DD HH24:MI:SSTZH:TZM')`;
const cell = (column: string): string => `csv_cell(${column})`;

/** SQL of millipoints as points: at most 3 decimals, none that is a trailing 0. */
const POINTS = `CASE WHEN (m.millipoints - m.refunded) % 1000 = 0 THEN ((m.millipoints - m.refunded) / 1000)::text
  ELSE (m.millipoints - m.refunded) / 1000 || '.'
    || rtrim(lpad(((m.millipoints - m.refunded) % 1000)::text, 3, '0'), '0') END`;

/** In the order of `MESSAGE_CSV_COLUMNS`. */
const columnsIn = (isWholeHours: boolean): readonly string[] => [
  // Letters and digits, or an id: nothing that could begin a formula.
  'coalesce(s.name, m.sub_account_id)',
  time('m.sent_at', isWholeHours),
  time('m.status_at', isWholeHours),
  time('m.delivery_end_at', isWholeHours),
  cell('m.message_id'),
  cell('m.recipient'),
  cell('m.sender'),
  cell('m.content'),
  'm.status',
  POINTS,
  cell('m.shortlink_status'),
  cell('m.shortlink_url'),
];

/**
 * COPY of a main account's log, oldest first. COPY takes no parameters, so the values, which have passed the
 * contract's schema, are quoted.
 */
export function csvStatement({ mainAccountId, timeZone }: CsvScope, filter: MessageCsvQuery): string {
  const { from, to, subAccount, status } = filter;
  const conditions = [
    `m.main_account_id = ${literal(mainAccountId)}`,
    ...(from === undefined ? [] : [`m.sent_at >= ${literal(from)}::timestamptz`]),
    ...(to === undefined ? [] : [`m.sent_at < ${literal(to)}::timestamptz`]),
    ...(subAccount === undefined ? [] : [`m.sub_account_id = ${literal(subAccount)}`]),
    ...(status === undefined ? [] : [`m.status = ${literal(status)}`]),
  ];
  return `COPY (SELECT ${columnsIn(hasWholeHours(timeZone)).join(', ')} FROM message_log m
    LEFT JOIN sub_account s ON s.main_account_id = ${literal(mainAccountId)}
      AND s.id = m.sub_account_id COLLATE "default"
    WHERE ${conditions.join(' AND ')} ORDER BY m.sent_at, m.message_id) TO STDOUT (FORMAT csv)`;
}
