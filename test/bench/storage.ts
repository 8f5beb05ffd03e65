import type { Pool } from 'pg';
import { drain, openBooks, withBench } from './bench.js';
import { atMost, rounded } from './figures.js';
import { POPULATION, recordCount, SEED } from './settings.js';
import { mixed } from './workload.js';

/** Bytes of a table of the ledger: its rows with what is stored beside them, and its indexes. */
interface Sizes {
  readonly rows: number;
  readonly indexes: number;
}

const TARGET_DISK_BYTES = 800;
const TARGET_LOG_BYTES = 1_200;

/** What one move weighs in the ledger's tables, their indexes, and in PostgreSQL's write-ahead log. */
export async function benchStorage(): Promise<Record<string, unknown>> {
  const count = recordCount(60_000);
  return withBench(async (bench) => {
    const { pool } = bench;
    await openBooks(bench, POPULATION);
    await pool.query('CHECKPOINT');
    const before = { sizes: await tableSizes(pool), log: await logPosition(pool) };
    const { moves } = await drain(bench, mixed(POPULATION, count, SEED));
    const logBytes = rounded((await logPosition(pool)) - before.log, 0) / moves;
    const sizes = await tableSizes(pool);
    const perMove = Object.fromEntries(
      [...sizes].map(([table, { rows, indexes }]) => {
        const was = before.sizes.get(table) ?? { rows: 0, indexes: 0 };
        return [
          table,
          { rows: rounded((rows - was.rows) / moves), indexes: rounded((indexes - was.indexes) / moves) },
        ];
      }),
    );
    const diskBytes = Object.values(perMove).reduce((sum, { rows, indexes }) => sum + rows + indexes, 0);
    return {
      records: count,
      moves,
      bytesPerMove: { disk: diskBytes, log: rounded(logBytes) },
      tables: perMove,
      targets: [
        atMost('bytesPerMove.disk', diskBytes, TARGET_DISK_BYTES),
        atMost('bytesPerMove.log', rounded(logBytes), TARGET_LOG_BYTES),
      ],
    };
  });
}

/** Partitions count for their table. */
async function tableSizes(pool: Pool): Promise<Map<string, Sizes>> {
  const { rows } = await pool.query<{ name: string; rows: string; indexes: string }>(
    `SELECT regexp_replace(relname, '_(\\d{4}_\\d{2}|default)$', '') AS name, sum(pg_table_size(oid)) AS rows,
       sum(pg_indexes_size(oid)) AS indexes
     FROM pg_class WHERE relkind = 'r' AND relnamespace = 'ledger'::regnamespace GROUP BY 1 ORDER BY 1`,
  );
  return new Map(
    rows.map(({ name, rows: size, indexes }) => [name, { rows: Number(size), indexes: Number(indexes) }]),
  );
}

/** Bytes written to the log since the database began. */
async function logPosition(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ at: string }>(
    "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS at",
  );
  return Number(rows[0]?.at);
}
