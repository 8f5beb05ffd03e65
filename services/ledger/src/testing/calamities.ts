import { topicSettings } from '@subledger/contracts';
import { deleteTopics, ensureTopics, type KafkaConfig, type KafkaRecord, LogReader } from '@subledger/kafka';
import { eventually } from '@subledger/testing';
import pg from 'pg';
import { type LedgerHarness, PARTITIONS } from './ledger-harness.js';

/** Deletes a topic with all its records and creates it again, empty. */
export async function recreateTopic({ kafka }: LedgerHarness, topic: string): Promise<void> {
  const settings = topicSettings(PARTITIONS).find(({ name }) => name === topic);
  if (!settings) throw new Error(`no topic ${topic}`);
  const { name, partitions, config } = settings;
  await deleteTopics(kafka, [topic]);
  // The broker needs a moment for a deletion.
  await eventually(
    async () => (await ensureTopics(kafka, [{ name, partitions, config }])).created.length === 1,
  );
}

/** A backup of the ledger's tables, beside them in the same database. */
export class Backup {
  private constructor(
    private readonly url: string,
    private readonly tables: readonly string[],
  ) {}

  static async take({ databaseUrl }: LedgerHarness): Promise<Backup> {
    return connected(databaseUrl, async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await client.query('DROP SCHEMA IF EXISTS backup CASCADE; CREATE SCHEMA backup');
      const { rows } = await client.query<{ relname: string }>(
        `SELECT relname FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind IN ('r', 'p')
           AND NOT relispartition AND relname NOT LIKE '\\_prisma%'`,
      );
      const tables = rows.map((row) => row.relname);
      for (const table of tables) await client.query(`CREATE TABLE backup.${table} AS TABLE ledger.${table}`);
      await client.query('COMMIT');
      return new Backup(databaseUrl, tables);
    });
  }

  /** Restores all rows in one transaction, under running connections. */
  async restore(): Promise<void> {
    await connected(this.url, async (client) => {
      await client.query('BEGIN');
      await client.query(`TRUNCATE ${this.tables.map((table) => `ledger.${table}`).join(', ')}`);
      for (const table of this.tables) {
        await client.query(`INSERT INTO ledger.${table} SELECT * FROM backup.${table}`);
      }
      await client.query('COMMIT');
    });
  }
}

async function connected<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** All committed records of a topic, by partition and offset. */
export async function readTopic(kafka: KafkaConfig, topic: string): Promise<KafkaRecord[]> {
  const log = new LogReader(kafka);
  const records: KafkaRecord[] = [];
  try {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      for (let at = (await log.range(topic, partition)).low; ; ) {
        const page = await log.readFrom(topic, partition, at);
        records.push(...page.records);
        if (page.next === at) break;
        at = page.next;
      }
    }
  } finally {
    await log.close();
  }
  return records;
}
