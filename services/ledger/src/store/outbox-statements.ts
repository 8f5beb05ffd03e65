import { bigint, bytea, int, jsonb, Table, text } from '@subledger/database';
import type { OutboxRow } from './rows.js';
import { conditional, inserting, type LaneStatement } from './statement.js';

/** A row of a lane's outbox. */
export interface LaneOutboxRow {
  readonly lane: number;
  readonly row: OutboxRow;
}

const OUTBOX = new Table<LaneOutboxRow>('outbox', [
  int('lane', ({ lane }) => lane),
  bigint('lane_sequence', ({ row }) => row.laneSequence),
  text('topic', ({ row }) => row.topic),
  text('key', ({ row }) => row.key),
  bytea('value', ({ row: { value } }) => (typeof value === 'string' ? Buffer.from(value) : value)),
  jsonb('headers', ({ row }) => JSON.stringify(row.headers)),
]);
export const insertOutbox = inserting('ledger-outbox', OUTBOX);

/** Takes what is published out of the outbox. */
export const deleteOutbox = (lane: number, publishedSequence: bigint): LaneStatement =>
  conditional('ledger-outbox-published', 'DELETE FROM outbox WHERE lane = $1 AND lane_sequence <= $2', [
    lane,
    publishedSequence,
  ]);
