import { describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { Books, type MainAccount, type SubAccount } from '@subledger/core';
import type { OutgoingRecord } from '@subledger/kafka';
import type { LedgerStore, TakenLane } from '../store/ledger-store.js';
import type { LanePublisher } from './lane-publishing.js';
import { republish } from './republish.js';

const sub = (id: string, lifecycle: SubAccount['lifecycle']) =>
  ({
    id,
    lifecycle,
    limit: 0n,
    boost: 0n,
    used: 0n,
    overage: 0n,
    held: 0n,
    remaining: 0n,
    deletedAt: lifecycle === 'deleted' ? 1 : null,
  }) as never;
const event = (type: string, subAccountId?: string) => ({
  laneSequence: 1n,
  journalOf: 'ma_1',
  record: {
    topic: 'events',
    key: 'ma_1',
    value: JSON.stringify({
      type,
      data: { transfers: [], ...(subAccountId ? { subAccount: { subAccountId } } : {}) },
    }),
  },
});

describe('publishing again', () => {
  // Found by the simulation, seed 1087: the suspension used to hide the late fact.
  it('brings the limit record of a deleted sub-account that a late fact named, beside a suspension', async () => {
    const main = { id: 'ma_1', suspended: true } as MainAccount;
    const books = new Books(main, [
      sub('sa_live', 'active'),
      sub('sa_named', 'deleted'),
      sub('sa_gone', 'deleted'),
    ]);
    const store = {
      unpublished: async () => [
        event('subledger.main-account.suspended.v1'),
        event('subledger.message.charged.v1', 'sa_named'),
      ],
      loadBooks: async () => new Map([['ma_1', books]]),
    } as unknown as LedgerStore;
    const published: OutgoingRecord[] = [];
    const publisher = { publish: async (records: OutgoingRecord[]) => void published.push(...records) };
    const taken = {
      lease: { lane: 0, epoch: 1n, generation: 1 },
      messageOffset: 0n,
      messageLastId: null,
      laneSequence: 2n,
      publishedSequence: 0n,
    } as TakenLane;
    const ports = { store, tombstoneGraceMs: 1_000, now: () => 0 };
    await republish(ports, publisher as unknown as LanePublisher, taken);
    expect(published.slice(2).map(({ key }) => key)).toEqual(['sa_live', 'sa_named']);
  });

  const main = { id: 'ma_1', suspended: false, sequence: 7n } as unknown as MainAccount;
  const limits = async (taken: Partial<TakenLane>, now: number) => {
    const books = new Books(main, [sub('sa_live', 'active'), sub('sa_gone', 'deleted')]);
    const store = {
      unpublished: async () => [event('subledger.x.v1', 'sa_live'), event('subledger.x.v1', 'sa_gone')],
      loadBooks: async () => new Map([['ma_1', books]]),
    } as unknown as LedgerStore;
    const published: OutgoingRecord[] = [];
    const publisher = { publish: async (records: OutgoingRecord[]) => void published.push(...records) };
    const row = { lease: { lane: 3, epoch: 1n, generation: 1 }, laneSequence: 2n, publishedSequence: 0n };
    await republish(
      { store, tombstoneGraceMs: 1_000, now: () => now },
      publisher as unknown as LanePublisher,
      { ...row, ...taken } as TakenLane,
    );
    return published.slice(2);
  };
  const positionOf = ({ value }: OutgoingRecord) => JSON.parse(String(value)).position;

  it('names the last message that the row has passed as the position, and none before the first', async () => {
    const [live] = await limits({ messageOffset: 42n, messageLastId: 'm' }, 0);
    expect(positionOf(live as OutgoingRecord)).toEqual({
      topic: TOPICS.messages,
      partition: 3,
      offset: '41',
    });
    const [early] = await limits({ messageOffset: 42n, messageLastId: null }, 0);
    expect(positionOf(early as OutgoingRecord)).toBeNull();
  });

  it('keeps the record of a deleted sub-account until the grace time is over, then writes a tombstone', async () => {
    // Deleted at 1, grace 1,000.
    const taken = { messageOffset: 0n, messageLastId: null };
    const hasTombstone = async (now: number) =>
      (await limits(taken, now)).map(({ key, value }) => [key, value === null]);
    expect(await hasTombstone(1_000)).toEqual([
      ['sa_live', false],
      ['sa_gone', false],
    ]);
    expect(await hasTombstone(1_001)).toEqual([
      ['sa_live', false],
      ['sa_gone', true],
    ]);
  });
});
