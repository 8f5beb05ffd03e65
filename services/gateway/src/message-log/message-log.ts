import type { Refused } from '@subledger/contracts';
import { applyByHalves, sqlState, withTransaction } from '@subledger/database';
import type { DeadLetterSeal, DeadLetterWriter, KafkaRecord } from '@subledger/kafka';
import type { Logger } from '@subledger/service-kit';
import type pg from 'pg';
import { BatchCoalescer } from '../database/batch-coalescer.js';
import { type Fact, readFact } from './facts.js';
import { applyFacts } from './log-batch.js';
import { loadStored } from './log-reads.js';
import { writeChanges } from './log-writes.js';
import {
  noteRefusals,
  positionOf,
  type Refusal,
  readRefusals,
  refusedWithin,
  type Span,
  takeBack,
} from './refusals.js';

/**
 * Advisory locks of the source partitions, so that a message and its dead letter are never processed concurrently.
 */
const LOCK_CLASS = 7_140_031;

/**
 * The log could not store a batch. The message never contains its records, because a database error may quote a row.
 */
class MessageLogError extends Error {
  override readonly name = 'MessageLogError';
}

interface Entry {
  readonly record: KafkaRecord;
  readonly fact: Fact;
}

/** Maximum records of one transaction, unless a single batch has more. */
const MAX_RECORDS = 4_000;

/** No request waits for a line of the log, so records are collected for this long. */
const REST_MS = 50;

/**
 * Writes `sms.messages.v1` into the message log, and removes what the ledger dead-lettered (docs/decisions/0013).
 * Both may come again, and in any order. Batches of several partitions share a transaction, because a small
 * transaction takes most of its time for the commit.
 */
export class MessageLog {
  readonly #merged = new BatchCoalescer<Entry>((entries) => this.#takeEntries(entries), {
    maxItems: MAX_RECORDS,
    isUrgent: () => false,
    restMs: REST_MS,
  });

  constructor(
    private readonly pool: pg.Pool,
    private readonly deadLetters: Pick<DeadLetterWriter, 'write'>,
    private readonly seal: DeadLetterSeal,
    private readonly log: Logger,
  ) {}

  /**
   * @param records of one partition, in order
   * @throws Error the batch must be delivered again
   */
  async apply(records: readonly KafkaRecord[]): Promise<void> {
    const entries: Entry[] = [];
    for (const record of records) {
      const read = readFact(record);
      if (read.kind === 'valid') entries.push({ record, fact: read.value });
      else if (read.kind === 'refused') await this.#deadLetter(record, read);
    }
    await this.#merged.add(entries);
  }

  /** @param records of `deadletters.v1` */
  async refuse(records: readonly KafkaRecord[]): Promise<void> {
    const { refusals, sealed } = readRefusals(records, this.seal);
    if (sealed > 0) {
      this.log.error(
        { deadLetters: sealed },
        'messages stay in the log that the ledger may have refused: DEAD_LETTER_KEY is not the one of the ledger',
      );
    }
    if (refusals.length === 0) return;
    await this.#takeRefusals(refusals);
  }

  /** A refusal that the database does not take must not keep all others out. */
  async #takeRefusals(refusals: readonly Refusal[]): Promise<void> {
    const take = (some: readonly Refusal[]) =>
      withTransaction(this.pool, async (client) => {
        const partitions = [...new Set(some.map(({ partition }) => partition))].sort((a, b) => a - b);
        for (const partition of partitions) await lockSource(client, partition);
        await noteRefusals(client, some);
        await takeBack(client, some);
      });
    const onRefused = ({ partition, offset }: Refusal, error: unknown) =>
      this.log.error(
        { partition, offset: String(offset), sqlState: sqlState(error) },
        'a refusal of the ledger could not be taken into the message log',
      );
    await applyByHalves(refusals, take, onRefused).catch(throwQuiet);
  }

  /** A record that the database refuses must not stop all others of its partition. */
  async #takeEntries(entries: readonly Entry[]): Promise<void> {
    const take = (some: readonly Entry[]) =>
      withTransaction(this.pool, (client) => applyEntries(client, some));
    const onRefused = ({ record: { partition, offset } }: Entry, error: unknown) =>
      this.log.error(
        { partition, offset: String(offset), sqlState: sqlState(error) },
        'message left out of the log: the database does not take it',
      );
    await applyByHalves(entries, take, onRefused).catch(throwQuiet);
  }

  async #deadLetter(record: KafkaRecord, { reason, detail }: Refused): Promise<void> {
    const { partition, offset } = record;
    this.log.warn({ reason, partition, offset: String(offset) }, 'message status dead-lettered');
    await this.deadLetters.write(record, reason, detail);
  }
}

/** @param entries of any partitions, each partition's in order */
async function applyEntries(client: pg.PoolClient, entries: readonly Entry[]): Promise<void> {
  const spans = spansOf(entries.map(({ record }) => record));
  for (const { partition } of spans) await lockSource(client, partition);
  const refused = await refusedWithin(client, spans);
  const facts = entries.filter(({ record }) => !refused.has(positionOf(record))).map(({ fact }) => fact);
  await writeChanges(client, applyFacts(await loadStored(client, facts), facts));
}

/** The first and last record of each partition, sorted, so that two writers lock them in the same order. */
function spansOf(records: readonly KafkaRecord[]): Span[] {
  const spans = new Map<number, Span>();
  for (const { partition, offset } of records) {
    const first = spans.get(partition)?.first ?? offset;
    spans.set(partition, { partition, first, last: offset });
  }
  return [...spans.values()].sort((a, b) => a.partition - b.partition);
}

const lockSource = (client: pg.PoolClient, partition: number) =>
  client.query('SELECT pg_advisory_xact_lock($1, $2)', [LOCK_CLASS, partition]);

function throwQuiet(error: unknown): never {
  throw new MessageLogError(`the database did not take a batch (${sqlState(error) ?? 'connection'})`);
}
