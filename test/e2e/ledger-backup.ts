import type { TestDatabase } from '@subledger/testing';

/** A backup of the ledger's tables, beside them in the same database. */
export class LedgerBackup {
  private constructor(
    private readonly database: TestDatabase,
    private readonly tables: readonly string[],
  ) {}

  static async take(database: TestDatabase): Promise<LedgerBackup> {
    const { rows } = await database.client.query<{ relname: string }>(
      `SELECT relname FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind IN ('r', 'p')
         AND NOT relispartition AND relname NOT LIKE '\\_prisma%' ORDER BY relname`,
    );
    const tables = rows.map((row) => row.relname);
    const copies = tables.map((table) => `CREATE TABLE backup.${table} AS TABLE ledger.${table};`);
    await database.client.query(
      `BEGIN ISOLATION LEVEL REPEATABLE READ; CREATE SCHEMA backup; ${copies.join(' ')} COMMIT`,
    );
    return new LedgerBackup(database, tables);
  }

  /** Restores all rows, with epochs higher than all that were used, as docs/operations/stopped-lane.md says. */
  async restore(): Promise<void> {
    const fill = this.tables.map((table) => `INSERT INTO ledger.${table} SELECT * FROM backup.${table};`);
    const emptied = this.tables.map((table) => `ledger.${table}`).join(', ');
    await this.database.client.query(
      `BEGIN; TRUNCATE ${emptied}; ${fill.join(' ')} UPDATE ledger.lanes SET epoch = epoch + 1000000; COMMIT`,
    );
  }
}
