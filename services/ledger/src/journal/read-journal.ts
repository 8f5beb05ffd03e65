import { withTransaction } from '@subledger/database';
import { eventsOf, type JournalEvent } from '@subledger/wire';
import type pg from 'pg';
import { allBlocks, type BlockFilter, type Queryable } from './journal-store.js';
import { createEventsTable, unpackJournal } from './unpack.js';

export { createEventsTable, unpackJournal };

/**
 * All events of the journal in memory, by lane and lane sequence: for suites and small books.
 * @throws DamagedBlockError
 */
export async function readJournal(client: Queryable, filter: BlockFilter = {}): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  for await (const block of allBlocks(client, filter)) events.push(...eventsOf(block));
  return events;
}

/**
 * Calls `work` with a connection that has all events as rows of the temporary table `journal_events`.
 * @throws DamagedBlockError
 */
export function withJournalEvents<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
  filter: BlockFilter = {},
): Promise<Result> {
  return withTransaction(pool, async (client) => {
    await createEventsTable(client);
    await unpackJournal(client, filter);
    return work(client);
  });
}
