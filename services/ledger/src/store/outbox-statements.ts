import type { Statement } from '@subledger/database';
import { plainArray, textArray } from '@subledger/database';
import type { OutboxRow } from './rows.js';
import { AND_OURS, WHERE_OURS } from './statement.js';

export function insertOutbox(lane: number, rows: readonly OutboxRow[]): Statement {
  return {
    name: 'ledger-outbox',
    // `pg` writes the Buffers of a bytea[] itself.
    text: `INSERT INTO outbox (lane, lane_sequence, topic, key, value, headers)
      SELECT $1::int, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::jsonb[]) ${WHERE_OURS}`,
    values: [
      lane,
      plainArray(rows.map((row) => row.laneSequence)),
      textArray(rows.map((row) => row.topic)),
      textArray(rows.map((row) => row.key)),
      rows.map((row) => (typeof row.value === 'string' ? Buffer.from(row.value) : row.value)),
      textArray(rows.map((row) => JSON.stringify(row.headers))),
    ],
  };
}

/** Deletes published rows from the outbox. */
export function deleteOutbox(lane: number, publishedSequence: bigint): Statement {
  return {
    name: 'ledger-outbox-published',
    text: `DELETE FROM outbox WHERE lane = $1 AND lane_sequence <= $2 ${AND_OURS}`,
    values: [lane, publishedSequence],
  };
}
