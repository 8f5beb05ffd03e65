import { describe, expect, it } from '@jest/globals';
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
    deletedAt: 1,
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
});
