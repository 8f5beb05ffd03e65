import { columns } from '@subledger/database';
import { partitionKey, type TopicPartition } from '@subledger/kafka';
import type pg from 'pg';

export interface EventPosition {
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: bigint;
}

/** The next offset to read of the ledger's events, per partition, stored beside the rows made from them. */
export class EventPositions {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Offsets to start from. A partition without a row starts at its beginning, whatever the consumer group has
   * committed, because this database has none of its events.
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
