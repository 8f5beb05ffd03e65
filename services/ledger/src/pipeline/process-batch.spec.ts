import { describe, expect, it, jest } from '@jest/globals';
import {
  type CommandName,
  commandType,
  eventType,
  makeCloudEvent,
  messageType,
  rollCommandId,
  TOPICS,
} from '@subledger/contracts';
import { Books, decide, wholePoints } from '@subledger/core';
import { DeadLetterSeal, type OutgoingRecord } from '@subledger/kafka';
import { createLogger, Registry } from '@subledger/service-kit';
import { fakeRecord } from '@subledger/wire/testing';
import { LedgerMetrics } from '../metrics.js';
import { LaneFencedError, type Lease } from '../store/lane-lease.js';
import type { LedgerStore } from '../store/ledger-store.js';
import type { BatchWrites } from '../store/rows.js';
import type { Publication } from './batch-draft.js';
import { BooksCache, CacheBudget } from './books-cache.js';
import { LaneMemory } from './lane-memory.js';
import { BatchProcessor } from './process-batch.js';

/** A store that knows nothing, keeps what each batch writes, and whose lane row is ours or not. */
function fakeStore(isOurs: boolean) {
  const committed: BatchWrites[] = [];
  const store = {
    loadBooks: async (ids: readonly string[]) => new Map(ids.map((id) => [id, new Books()])),
    loadMessages: async () => {},
    loadCommands: async () => new Map(),
    writeBatch: async ({ lane }: Lease, writes: BatchWrites) => {
      if (!isOurs) throw new LaneFencedError(lane);
      committed.push(writes);
    },
  };
  return { store: store as unknown as LedgerStore, committed };
}

function setUp(isOurs = true, now = 0) {
  const { store, committed } = fakeStore(isOurs);
  const lines: string[] = [];
  const registry = new Registry();
  const processor = new BatchProcessor({
    store,
    tombstoneGraceMs: 1_000,
    now: () => now,
    policy: { maxSubAccounts: 10, maxMessagePoints: wholePoints(10_000), allowEarlyRoll: false },
    decide: (books, input, policy) => {
      if (input.mainAccountId === 'ma_poison') throw new TypeError('a bug');
      return decide(books, input, policy);
    },
    seal: new DeadLetterSeal('a key of this suite'),
    partitions: () => 1,
    metrics: new LedgerMetrics(registry),
    log: createLogger({ service: 'test', level: 'error', stream: { write: (line) => lines.push(line) } }),
  });
  const memory = new LaneMemory(
    {
      lease: { lane: 0, epoch: 1n, generation: 1 },
      commandOffset: 0n,
      messageOffset: 0n,
      commandLastId: null,
      messageLastId: null,
      laneSequence: 0n,
      publishedSequence: 0n,
    },
    new BooksCache(new CacheBudget(100)),
  );
  return { processor, memory, committed, lines, registry };
}

const recordsOf = (publications: readonly Publication[]) =>
  publications.flatMap(({ records }) => records) as OutgoingRecord[];

const ENVELOPE = { source: '/test', time: '2026-11-23T09:00:00Z' };

const opening = (mainAccountId: string, offset: number) =>
  fakeRecord({
    key: mainAccountId,
    offset: BigInt(offset),
    value: makeCloudEvent(commandType('main-account.open'), {
      id: `c-${offset}`,
      source: '/test',
      time: '2026-11-23T09:00:00Z',
      data: { mainAccountId, plan: 'prepay', timeZone: 'Asia/Tokyo' },
    }),
  });

describe('a batch', () => {
  it('is one transaction, and moves the lane', async () => {
    const { processor, memory, committed } = setUp();
    const publications: Publication[] = [];
    const records = [opening('ma_1', 0), opening('ma_2', 1), opening('ma_1', 2)];
    await processor.process(memory, records, (publication) => publications.push(publication));
    expect(committed).toHaveLength(1);
    expect(committed[0]?.journal).toMatchObject([{ firstSequence: 1n, lastSequence: 3n }]);
    expect(memory.offsets.commandOffset).toBe(3n);
    expect(recordsOf(publications).map(({ topic, key }) => [topic, key])).toEqual([
      [TOPICS.events, 'ma_1'],
      [TOPICS.events, 'ma_2'],
      [TOPICS.events, 'ma_1'],
    ]);
    expect(memory.laneSequence).toBe(3n);
  });

  it('is halved down to the record that fails, which alone is dead-lettered', async () => {
    const { processor, memory, committed } = setUp();
    const publications: Publication[] = [];
    const records = ['ma_0', 'ma_1', 'ma_2', 'ma_poison', 'ma_4', 'ma_5', 'ma_6'].map(opening);
    await processor.process(memory, records, (publication) => publications.push(publication));
    const published = recordsOf(publications);
    expect(published.map(({ topic, key }) => [topic, key])).toEqual([
      [TOPICS.events, 'ma_0'],
      [TOPICS.events, 'ma_1'],
      [TOPICS.events, 'ma_2'],
      [TOPICS.deadLetters, 'ma_poison'],
      [TOPICS.events, 'ma_poison'],
      [TOPICS.events, 'ma_4'],
      [TOPICS.events, 'ma_5'],
      [TOPICS.events, 'ma_6'],
    ]);
    const answer = JSON.parse(String(published[4]?.value));
    expect(answer.data).toMatchObject({ code: 'invalid-command', sequence: 0, cause: { id: 'c-3' } });
    expect(published[3]?.headers?.['dead-letter-reason']).toBe('unprocessable');
    expect(String(published[3]?.value)).not.toContain('a bug');
    expect(memory.offsets.commandOffset).toBe(7n);
    expect(committed).toHaveLength(4);
  });

  it('raises an alarm for a message that cannot be true, once it is dead-lettered', async () => {
    const { processor, memory, lines, registry } = setUp();
    const of = { mainAccountId: 'ma_1', subAccountId: 'sa_1' };
    const command = (name: CommandName, offset: number, data: object) =>
      fakeRecord({
        key: 'ma_1',
        offset: BigInt(offset),
        value: makeCloudEvent(commandType(name), {
          ...ENVELOPE,
          id: `c-${offset}`,
          data: { ...of, ...data },
        }),
      });
    const sent = (offset: number, data: object) =>
      fakeRecord({
        topic: TOPICS.messages,
        key: 'ma_1',
        offset: BigInt(offset),
        value: makeCloudEvent(messageType('message.sent'), {
          ...ENVELOPE,
          id: `m-${offset}`,
          data: {
            ...of,
            messageId: `m-${offset}`,
            sentAt: ENVELOPE.time,
            points: '1',
            content: 'secret',
            ...data,
          },
        }),
      });
    const records = [
      opening('ma_1', 0),
      command('feature.activate', 1, {}),
      command('sub-account.open', 2, { limit: '0' }),
      sent(0, {}),
      sent(1, { points: '999999999999.999' }),
      sent(2, { sentAt: '1970-01-21T16:00:00Z' }),
      sent(3, { points: '10000.001' }),
    ];
    const publications: Publication[] = [];
    await processor.process(memory, records, (publication) => publications.push(publication));
    const reasons = recordsOf(publications).flatMap(({ headers }) => headers?.['dead-letter-reason'] ?? []);
    expect(reasons).toEqual(['too-many-points', 'sent-too-long-ago', 'too-many-points']);
    const place = { level: 'error', mainAccountId: 'ma_1', topic: TOPICS.messages, partition: 0 };
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { ...place, reason: 'too-many-points', offset: '1', messages: 2 },
      { ...place, reason: 'sent-too-long-ago', offset: '2', messages: 1 },
    ]);
    expect(lines.join()).not.toContain('secret');
    expect(await registry.metrics()).toContain('ledger_dead_letters_total{reason="too-many-points"} 2');
  });

  it('rolls by the clock where the repeat of a roll comes that was refused as not due', async () => {
    const { processor, memory } = setUp();
    const roll = (offset: number, at: string) =>
      fakeRecord({
        key: 'ma_1',
        offset: BigInt(offset),
        timestampMs: Date.parse(at),
        value: makeCloudEvent(commandType('period.roll'), {
          ...ENVELOPE,
          id: rollCommandId('ma_1', '2026-12'),
          data: { mainAccountId: 'ma_1', period: '2026-12', dueAt: '2026-11-30T15:00:00Z' },
        }),
      });
    const publications: Publication[] = [];
    const records = [opening('ma_1', 0), roll(1, '2026-11-30T14:59:59Z'), roll(2, '2026-11-30T15:00:01Z')];
    await processor.process(memory, records, (publication) => publications.push(publication));
    const events = recordsOf(publications)
      .filter(({ topic }) => topic === TOPICS.events)
      .map(({ value }) => JSON.parse(String(value)));
    expect(events.map(({ type, data }) => [type, data.cause.kind, data.mainAccount.period])).toEqual([
      [eventType('main-account.opened'), 'command', '2026-11'],
      [eventType('command.rejected'), 'command', '2026-11'],
      [eventType('period.rolled'), 'clock', '2026-12'],
      [eventType('command.rejected'), 'command', '2026-11'],
    ]);
  });

  it('is dropped whole when another owner has the lane', async () => {
    const { processor, memory, committed } = setUp(false);
    const onCommitted = jest.fn();
    await expect(processor.process(memory, [opening('ma_1', 0)], onCommitted)).rejects.toThrow(
      LaneFencedError,
    );
    expect(onCommitted).not.toHaveBeenCalled();
    expect(committed).toHaveLength(0);
    expect(memory.offsets.commandOffset).toBe(0n);
    expect(memory.cache.has('ma_1')).toBe(false);
  });

  // Found by the simulation: a task writes tombstones by this process's clock, and a fact may wait to be read.
  it('leaves the tombstone of a deleted sub-account where a fact comes late to it', async () => {
    const at = Date.parse('2026-11-23T09:00:00Z');
    const { processor, memory } = setUp(true, at + 2_000);
    const publications: Publication[] = [];
    const ask = (name: CommandName, data: object, offset: number) =>
      fakeRecord({
        key: 'ma_1',
        offset: BigInt(offset),
        timestampMs: at,
        value: makeCloudEvent(commandType(name), {
          id: `c-${offset}`,
          source: '/test',
          time: '2026-11-23T09:00:00Z',
          data: { mainAccountId: 'ma_1', ...data },
        }),
      });
    const sub = { subAccountId: 'sa_1' };
    const records = [
      ask('main-account.open', { plan: 'prepay', timeZone: 'Asia/Tokyo' }, 0),
      ask('feature.activate', {}, 1),
      ask('sub-account.open', { ...sub, limit: '0' }, 2),
      ask('sub-account.delete', sub, 3),
    ];
    await processor.process(memory, records, (publication) => publications.push(publication));
    expect(publications[0]?.limits.get('sa_1')?.()).toMatchObject({ key: 'sa_1', value: null });
  });
});
