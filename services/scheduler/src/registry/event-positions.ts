import { columns } from '@subledger/database';
import { partitionKey, type TopicPartition } from '@subledger/kafka';
import type pg from 'pg';

export interface EventPosition {
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: bigint;
}

/** Where reading the ledger's events goes on, per partition: kept beside what was read. */
export class EventPositions {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Offsets to start from; a partition not seen before starts at its beginning, whatever the consumer group thinks,
   * because then this database has nothing of it.
   */
  async begin(assigned: readonly TopicPartition[]): Promise<Map<string, bigint>> {
    await this.pool.query(
      `INSERT INTO event_positions (topic, partition, next_offset, high_watermark)
       SELECT topic, partition, 0, 0 FROM unnest($1::text[], $2::int[]) AS a(topic, partition)
       ON CONFLICT DO NOTHING`,
      columns(
        assigned,
        (at) => at.topic,
        (at) => at.partition,
      ),
    );
    const wanted = new Set(assigned.map((at) => partitionKey(at.topic, at.partition)));
    const positions = (await this.all()).map(
      (at) => [partitionKey(at.topic, at.partition), at.nextOffset] as const,
    );
    return new Map(positions.filter(([key]) => wanted.has(key)));
  }

  /** Every partition that was ever read. */
  async all(): Promise<EventPosition[]> {
    const { rows } = await this.pool.query<{ topic: string; partition: number; next_offset: bigint }>(
      'SELECT topic, partition, next_offset FROM event_positions ORDER BY topic, partition',
    );
    return rows.map((row) => ({ topic: row.topic, partition: row.partition, nextOffset: row.next_offset }));
  }
}
