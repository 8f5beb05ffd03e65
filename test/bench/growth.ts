import type { Pool } from 'pg';
import { BOOK_VIOLATIONS } from '../chaos/audit.js';
import { type Bench, drain, floorFigures, openBooks, runFigures, withAnother, withBench } from './bench.js';
import { atLeast, mean, ratio } from './figures.js';
import { measureFloor } from './floor.js';
import { addHistory, addMainAccounts } from './growth-fill.js';
import { lanePositions, transferCount } from './measure.js';
import { GROWTH, POPULATION, recordCount, SEED } from './settings.js';
import { mixed } from './workload.js';

const RECORDS = recordCount(100_000);
/** Within 20 %. */
const TARGET = 0.8;

/**
 * The cost of a record with new books, with millions of transfers, and with a hundred times the main accounts. Each
 * kind of books has its own database and topics, and every ledger gets the same load. New books are measured first
 * and last, to separate growth from noise.
 */
export async function benchGrowth(): Promise<Record<string, unknown>> {
  return withBench(async (bench) => {
    const youngBefore = await measureBooks(bench, 'young_before');
    const old = await measureBooks(bench, 'old', (pool) => addHistory(pool, GROWTH.transfers));
    const many = await measureBooks(bench, 'many', (pool) =>
      addMainAccounts(pool, GROWTH.mainAccounts, POPULATION.mainAccounts),
    );
    const youngAfter = await measureBooks(bench, 'young_after');

    const young = [youngBefore, youngAfter];
    const transfers = compare(old, young);
    const mainAccounts = compare(many, young);
    return {
      records: RECORDS,
      ...GROWTH,
      young: young.map(printed),
      old: { ...printed(old), comparedWithYoung: transfers },
      many: { ...printed(many), comparedWithYoung: mainAccounts },
      targets: [
        atLeast('old.comparedWithYoung.ratioToFloor', transfers.ratioToFloor, TARGET),
        atLeast('old.comparedWithYoung.movesPerSecond', transfers.movesPerSecond, TARGET),
        atLeast('many.comparedWithYoung.ratioToFloor', mainAccounts.ratioToFloor, TARGET),
        atLeast('many.comparedWithYoung.movesPerSecond', mainAccounts.movesPerSecond, TARGET),
      ],
    };
  });
}

interface Measured {
  readonly transfersInBooks: number;
  readonly drained: ReturnType<typeof runFigures>;
  readonly floor: ReturnType<typeof floorFigures>;
}

const printed = ({ drained, floor, transfersInBooks }: Measured) => ({ transfersInBooks, ...drained, floor });

/** Against the mean of the young books: as it is, and with each beside its own floor, which takes the noise off. */
const compare = (grown: Measured, young: readonly Measured[]) => ({
  movesPerSecond: ratio(
    grown.drained.movesPerSecond,
    mean(young.map(({ drained }) => drained.movesPerSecond)),
  ),
  ratioToFloor: ratio(grown.drained.ratioToFloor, mean(young.map(({ drained }) => drained.ratioToFloor))),
});

/** Opens books through a ledger of their own, grows them, and drains the load. */
function measureBooks(
  bench: Bench,
  name: string,
  grow: (pool: Pool) => Promise<void> = async () => {},
): Promise<Measured> {
  return withAnother(bench, name, async (own) => {
    const { pool } = own;
    await openBooks(own, POPULATION);
    await grow(pool);
    if (GROWTH.audit) await audit(pool);
    const transfersInBooks = await transferCount(pool);
    const since = await lanePositions(pool);
    const run = await drain(own, mixed(POPULATION, RECORDS, SEED));
    const floor = await measureFloor(pool, since);
    return { transfersInBooks, drained: runFigures(run, floor), floor: floorFigures(floor) };
  });
}

/** It takes minutes over millions of transfers, so it runs on request only. */
async function audit(pool: Pool): Promise<void> {
  for (const [what, sql] of Object.entries(BOOK_VIOLATIONS)) {
    const { rows } = await pool.query(`SELECT * FROM (${sql}) AS found LIMIT 3`);
    if (rows.length > 0) throw new Error(`the books that were filled break "${what}"`, { cause: rows });
  }
}
