import { type JournalEvent, packEvents } from '@subledger/wire';
import type pg from 'pg';
import { storeBlock } from '../journal/journal-store.js';
import { withJournalEvents } from '../journal/read-journal.js';

type Row = Omit<
  JournalEvent,
  'mainAccountId' | 'laneSequence' | 'causeId' | 'causeKind' | 'at' | 'payload'
> & {
  readonly lane_sequence: string | bigint;
  readonly cause_id: string;
  readonly at: Date;
  readonly payload: string;
};

/**
 * Changes the journal as a bug or a disk could: SQL on the table `journal_events`, whose rows are then packed again. A
 * changed sequence, type, cause or time also changes the event itself, because its block has nothing else of it.
 */
export function editJournal(pool: pg.Pool, sql: string): Promise<void> {
  return withJournalEvents(pool, async (client) => {
    await client.query(sql);
    // Otherwise a damage to the blocks themselves would be mended here.
    if (!/(UPDATE|INTO|DELETE FROM) journal_events/.test(sql)) return;
    const { rows } = await client.query<Row>('SELECT * FROM journal_events ORDER BY lane, lane_sequence, at');
    await client.query('DELETE FROM journal');
    for (const block of packEvents(rows.map(toEvent))) await storeBlock(client, block);
  });
}

function toEvent({ lane, lane_sequence, generation, sequence, type, cause_id, at, payload }: Row) {
  const event = JSON.parse(payload) as {
    type: string;
    data: { sequence: number; at: string; cause: { id: string } };
  };
  event.type = type;
  event.data.sequence = Number(sequence);
  event.data.cause.id = cause_id;
  event.data.at = at.toISOString();
  const laneSequence = BigInt(lane_sequence);
  return { lane, laneSequence, generation, at: event.data.at, payload: JSON.stringify(event) };
}
