import { bigint, int, Table, text, timestamptz } from '@subledger/database';
import { DamagedBlockError, eventsOf, type JournalEvent } from '@subledger/wire';
import { allBlocks, type BlockFilter, type Queryable } from './journal-store.js';

/**
 * The journal's events as rows of a temporary table, for queries over many of them: reconciliation, detaching a month,
 * tests. The table is the connection's own.
 */

/** Name of the temporary table. */
export const EVENTS_TABLE = 'journal_events';
const ROWS_PER_STATEMENT = 5_000;

const CREATE = `CREATE TEMP TABLE ${EVENTS_TABLE} (
  lane int NOT NULL, lane_sequence bigint NOT NULL, generation int NOT NULL, main_account_id text NOT NULL,
  sequence bigint NOT NULL, type text NOT NULL, at timestamptz(3) NOT NULL, cause_kind text NOT NULL,
  cause_id text NOT NULL, payload text)`;

export interface UnpackOptions extends BlockFilter {
  /** Only events of this main account. */
  readonly mainAccountId?: string | null;
  /** Types whose payload is not needed: it would be most of the table. */
  readonly withoutPayload?: ReadonlySet<string>;
  /** Called with the error of a damaged block, whose events are left out. Without it the error is thrown. */
  readonly onDamage?: (error: DamagedBlockError) => void;
}

/**
 * Creates the empty temporary table, which goes with the transaction. Apart, because a read-only transaction may fill
 * it, but not create it.
 */
export async function createEventsTable(client: Queryable): Promise<void> {
  await client.query(`${CREATE} ON COMMIT DROP`);
}

/**
 * Fills the table.
 * @throws DamagedBlockError if there is no `onDamage`
 */
export async function unpackJournal(client: Queryable, options: UnpackOptions = {}): Promise<void> {
  const { mainAccountId = null, withoutPayload = new Set(), onDamage } = options;
  const events = new Table<JournalEvent>(EVENTS_TABLE, [
    int('lane', (event) => event.lane),
    bigint('lane_sequence', (event) => event.laneSequence),
    int('generation', (event) => event.generation),
    text('main_account_id', (event) => event.mainAccountId),
    bigint('sequence', (event) => event.sequence),
    text('type', (event) => event.type),
    timestamptz('at', (event) => event.at),
    text('cause_kind', (event) => event.causeKind),
    text('cause_id', (event) => event.causeId),
    text('payload', ({ type, payload }) => (withoutPayload.has(type) ? null : payload)),
  ]);
  const insert = events.insert();
  let rows: JournalEvent[] = [];
  const write = async () => {
    if (rows.length > 0) await client.query(insert, events.valuesOf(rows));
    rows = [];
  };
  for await (const block of allBlocks(client, options)) {
    try {
      const own = eventsOf(block);
      rows.push(
        ...(mainAccountId === null ? own : own.filter((event) => event.mainAccountId === mainAccountId)),
      );
    } catch (error) {
      if (!onDamage || !(error instanceof DamagedBlockError)) throw error;
      onDamage(error);
    }
    if (rows.length >= ROWS_PER_STATEMENT) await write();
  }
  await write();
  await client.query(`ANALYZE ${EVENTS_TABLE}`);
}
