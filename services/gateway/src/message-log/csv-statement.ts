import type { MessageCsvQuery } from '@subledger/contracts';
import pg from 'pg';

const literal = pg.escapeLiteral;

/** SQL of a time in the session's zone with its offset, to the second: `2026-11-23T09:00:00+09:00`. */
const time = (column: string): string => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM')`;
const cell = (column: string): string => `csv_cell(${column})`;

/** SQL of millipoints as points: at most 3 decimals, none that is a trailing 0. */
const POINTS = `CASE WHEN (m.millipoints - m.refunded) % 1000 = 0 THEN ((m.millipoints - m.refunded) / 1000)::text
  ELSE (m.millipoints - m.refunded) / 1000 || '.'
    || rtrim(lpad(((m.millipoints - m.refunded) % 1000)::text, 3, '0'), '0') END`;

/** In the order of `MESSAGE_CSV_COLUMNS`. */
const COLUMNS = [
  cell('coalesce(s.name, m.sub_account_id)'),
  time('m.sent_at'),
  time('m.status_at'),
  time('m.delivery_end_at'),
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
export function csvStatement(mainAccountId: string, filter: MessageCsvQuery): string {
  const { from, to, subAccount, status } = filter;
  const conditions = [
    `m.main_account_id = ${literal(mainAccountId)}`,
    ...(from === undefined ? [] : [`m.sent_at >= ${literal(from)}::timestamptz`]),
    ...(to === undefined ? [] : [`m.sent_at < ${literal(to)}::timestamptz`]),
    ...(subAccount === undefined ? [] : [`m.sub_account_id = ${literal(subAccount)}`]),
    ...(status === undefined ? [] : [`m.status = ${literal(status)}`]),
  ];
  return `COPY (SELECT ${COLUMNS.join(', ')} FROM message_log m
    LEFT JOIN sub_account s ON s.main_account_id = m.main_account_id AND s.id = m.sub_account_id
    WHERE ${conditions.join(' AND ')} ORDER BY m.sent_at, m.message_id) TO STDOUT (FORMAT csv)`;
}
