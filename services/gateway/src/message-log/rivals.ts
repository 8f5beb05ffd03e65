import { columns } from '@subledger/database';
import type pg from 'pg';
import type { RivalFact } from './log-batch.js';

/** The id that it shares with another fact. */
const idOf = (fact: RivalFact): string => (fact.kind === 'sent' ? fact.messageId : fact.refundId);

const toText = (fact: RivalFact): string =>
  JSON.stringify(fact, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value));

function fromText(text: string): RivalFact {
  const { millipoints, source, ...rest } = JSON.parse(text);
  return {
    ...rest,
    millipoints: BigInt(millipoints),
    source: { partition: source.partition, offset: BigInt(source.offset) },
  };
}

/** Stores rivals. The same record again is the same rival. */
export async function keepRivals(client: pg.PoolClient, facts: readonly RivalFact[]): Promise<void> {
  if (facts.length === 0) return;
  await client.query(
    `INSERT INTO message_rival (main_account_id, kind, id, source_partition, source_offset, fact)
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::text[])
      ON CONFLICT DO NOTHING`,
    columns(
      facts,
      (f) => f.mainAccountId,
      (f) => f.kind,
      idOf,
      (f) => f.source.partition,
      (f) => f.source.offset,
      toText,
    ),
  );
}

/** Deletes rivals whose own records the ledger dead-lettered. */
export async function dropRivals(client: pg.PoolClient, facts: readonly RivalFact[]): Promise<void> {
  if (facts.length === 0) return;
  await client.query(
    `DELETE FROM message_rival r
      USING unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bigint[])
        AS x (main_account_id, kind, id, source_partition, source_offset)
      WHERE r.main_account_id = x.main_account_id AND r.kind = x.kind AND r.id = x.id
        AND r.source_partition = x.source_partition AND r.source_offset = x.source_offset`,
    columns(
      facts,
      (f) => f.mainAccountId,
      (f) => f.kind,
      idOf,
      (f) => f.source.partition,
      (f) => f.source.offset,
    ),
  );
}

/** Takes out the rivals whose ids are free now, in the order of their records. */
export async function takeRivals(client: pg.PoolClient, freed: readonly RivalFact[]): Promise<RivalFact[]> {
  if (freed.length === 0) return [];
  const { rows } = await client.query<{ fact: string }>(
    `WITH taken AS (DELETE FROM message_rival r
        USING unnest($1::text[], $2::text[], $3::text[]) AS x (main_account_id, kind, id)
        WHERE r.main_account_id = x.main_account_id AND r.kind = x.kind AND r.id = x.id
        RETURNING r.source_partition, r.source_offset, r.fact)
      SELECT fact FROM taken ORDER BY source_partition, source_offset`,
    columns(
      freed,
      (f) => f.mainAccountId,
      (f) => f.kind,
      idOf,
    ),
  );
  return rows.map(({ fact }) => fromText(fact));
}
