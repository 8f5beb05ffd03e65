import { plainArray, textArray } from '@subledger/database';
import { decodeBlock, type EncodedBlock, type PackedBlock, type StoredBlock } from '@subledger/wire';
import type pg from 'pg';
import type { Lease } from '../store/lane-lease.js';
import { type LaneStatement, unconditional } from '../store/statement.js';

/** Blocks of the lane with this lease. */
export interface LaneBlocks {
  readonly lease: Pick<Lease, 'lane' | 'generation'>;
  readonly blocks: readonly EncodedBlock[];
}

/** Blocks of one or several lanes in one SQL statement. */
export function insertJournal(lanes: readonly LaneBlocks[]): LaneStatement {
  const rows = lanes.flatMap(({ lease, blocks }) => blocks.map((block) => ({ lease, block })));
  let next = 1;
  const starts = rows.map(({ block }) => {
    const start = next;
    next += block.payload.length;
    return start;
  });
  return unconditional(
    'ledger-journal',
    `INSERT INTO journal (lane, first_sequence, last_sequence, generation, at, format, checksum, payload)
      SELECT lane, first, last, generation, at, format, checksum, substring($10::bytea FROM start FOR length)
        FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::int[], $5::timestamptz[], $6::smallint[], $7::bigint[],
             $8::int[], $9::int[]) AS new (lane, first, last, generation, at, format, checksum, start, length)`,
    [
      plainArray(rows.map(({ lease }) => lease.lane)),
      plainArray(rows.map(({ block }) => block.firstSequence)),
      plainArray(rows.map(({ block }) => block.lastSequence)),
      plainArray(rows.map(({ lease }) => lease.generation)),
      textArray(rows.map(({ block }) => block.at)),
      plainArray(rows.map(({ block }) => block.format)),
      plainArray(rows.map(({ block }) => block.checksum)),
      plainArray(starts),
      plainArray(rows.map(({ block }) => block.payload.length)),
      // All values in one parameter, because `pg` sends a Buffer as it is, but the Buffers of an array as hex digits.
      rows.length === 1
        ? (rows[0]?.block.payload as Buffer)
        : Buffer.concat(rows.map(({ block }) => block.payload)),
    ],
  );
}

interface BlockRow {
  lane: number;
  first_sequence: bigint;
  last_sequence: bigint;
  generation: number;
  format: number;
  checksum: bigint;
  payload: Buffer;
}

const COLUMNS = 'lane, first_sequence, last_sequence, generation, format, checksum, payload';

const toBlock = (row: BlockRow): StoredBlock => ({
  lane: row.lane,
  firstSequence: BigInt(row.first_sequence),
  lastSequence: BigInt(row.last_sequence),
  generation: row.generation,
  format: row.format,
  checksum: Number(row.checksum),
  payload: row.payload,
});

/** The blocks of a lane with events after `after`, up to `through`, in order. Their first and last may reach beyond. */
export async function blocksBetween(
  pool: pg.Pool,
  lane: number,
  after: bigint,
  through: bigint,
): Promise<StoredBlock[]> {
  const { rows } = await pool.query<BlockRow>({
    name: 'ledger-journal-between',
    text: `SELECT ${COLUMNS} FROM journal WHERE lane = $1 AND last_sequence > $2 AND first_sequence <= $3
      AND last_sequence < $3::bigint + ${MOST_EVENTS} ORDER BY last_sequence`,
    values: [lane, after, through],
  });
  return rows.map(toBlock);
}

/** More events than any block has: bounds the search for the block in which a range ends. */
const MOST_EVENTS = 100_000;

/** Where an event is: its lane sequence, and its broker time, by whose month PostgreSQL finds the partition. */
export interface EventPlace {
  readonly lane: number;
  readonly laneSequence: bigint;
  readonly at: Date;
}

export const placeKey = ({ lane, laneSequence }: Pick<EventPlace, 'lane' | 'laneSequence'>): string =>
  `${lane} ${laneSequence}`;

/**
 * The JSON texts of single events, by `placeKey`. A block with several of them is read once.
 * @param onDamage called with the error of a damaged block, whose events are left out
 */
export async function eventTexts(
  client: Queryable,
  places: readonly EventPlace[],
  onDamage: (error: unknown) => void,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  if (places.length === 0) return texts;
  const { rows } = await client.query<BlockRow>({
    name: 'ledger-journal-of',
    text: `SELECT DISTINCT ON (b.lane, b.last_sequence) b.* FROM unnest($1::int[], $2::bigint[], $3::timestamptz[]) AS wanted (lane, sequence, at)
      CROSS JOIN LATERAL (SELECT ${COLUMNS} FROM journal j WHERE j.lane = wanted.lane AND j.last_sequence >= wanted.sequence
        AND j.at >= date_trunc('month', wanted.at, 'UTC') AND j.at < date_trunc('month', wanted.at, 'UTC') + INTERVAL '32 days'
        ORDER BY j.last_sequence LIMIT 1) b ORDER BY b.lane, b.last_sequence`,
    values: [
      plainArray(places.map(({ lane }) => lane)),
      plainArray(places.map(({ laneSequence }) => laneSequence)),
      textArray(places.map(({ at }) => at.toISOString())),
    ],
  });
  const wanted = Map.groupBy(places, ({ lane }) => lane);
  for (const block of rows.map(toBlock)) {
    const { lane, firstSequence, lastSequence } = block;
    const own = (wanted.get(lane) ?? []).filter(
      ({ laneSequence }) => laneSequence >= firstSequence && laneSequence <= lastSequence,
    );
    if (own.length === 0) continue;
    try {
      const decoded = decodeBlock(block);
      for (const place of own)
        texts.set(placeKey(place), decoded[Number(place.laneSequence - firstSequence)] as string);
    } catch (error) {
      onDamage(error);
    }
  }
  return texts;
}

/** Blocks that are read at a time. */
const PAGE = 20;

export interface BlockFilter {
  /** Broker time, ISO: only months from the one that begins then. */
  readonly since?: string | null;
  /** A table of its own with blocks, such as a detached month's. Default: the journal. */
  readonly table?: string;
  /** Default: the connection's. */
  readonly schema?: string;
  /** Lane → lane sequence: only blocks with later events. */
  readonly after?: ReadonlyMap<number, bigint>;
}

/** What queries need of a connection. */
export type Queryable = Pick<pg.Pool | pg.PoolClient | pg.Client, 'query'>;

/** All blocks, lane by lane in order, a page at a time. */
export async function* allBlocks(
  client: Queryable,
  { since = null, table = 'journal', schema, after: positions }: BlockFilter = {},
): AsyncGenerator<StoredBlock> {
  const prefix = schema === undefined ? '' : `${schema}.`;
  const { rows: lanes } = await client.query<{ lane: number }>(
    `SELECT lane FROM ${prefix}lanes ORDER BY lane`,
  );
  for (const { lane } of lanes) {
    for (let after = String(positions?.get(lane) ?? 0n); ; ) {
      const { rows } = await client.query<BlockRow>(
        `SELECT ${COLUMNS} FROM ${prefix}${table} WHERE lane = $1 AND last_sequence > $2
          AND ($3::timestamptz IS NULL OR at >= $3) ORDER BY last_sequence LIMIT ${PAGE}`,
        [lane, after, since],
      );
      for (const row of rows) yield toBlock(row);
      if (rows.length < PAGE) break;
      after = String(rows.at(-1)?.last_sequence);
    }
  }
}

/** Inserts a block outside of a lane's batch: a conversion, or a test. */
export async function storeBlock(client: Queryable, block: PackedBlock): Promise<void> {
  const { lane, firstSequence, lastSequence, generation, at, format, checksum, payload } = block;
  await client.query(`INSERT INTO journal (${COLUMNS}, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, [
    lane,
    firstSequence,
    lastSequence,
    generation,
    format,
    checksum,
    payload,
    at,
  ]);
}
