import { TOPICS } from '@subledger/contracts';
import { formatPoints, granted, type MainAccount, type SubAccount, statusOf } from '@subledger/core';
import type { OutgoingRecord } from '@subledger/kafka';

/** How far the books are. All limit records of a moment share it. */
export interface LimitPosition {
  readonly generation: number;
  readonly lane: number;
  /** Offset of the lane's last message in the books, or null before the first. */
  readonly messageOffset: bigint | null;
}

/** The tombstone of a deleted sub-account: compaction removes its key from the topic. */
const tombstone = (sub: SubAccount): OutgoingRecord => ({ topic: TOPICS.limits, key: sub.id, value: null });

/**
 * The record for `subaccount.limits.v1` after a change of a sub-account: its limit record, or the tombstone again if
 * the grace time after its deletion is over. So a late fact does not restore it.
 * @param at broker time of the change
 */
export function limitOrTombstone(
  main: MainAccount,
  sub: SubAccount,
  position: LimitPosition,
  { at, graceMs }: { readonly at: number; readonly graceMs: number },
): OutgoingRecord {
  const isGone = sub.deletedAt !== null && sub.deletedAt + graceMs <= at;
  return isGone ? tombstone(sub) : limitRecord(main, sub, position);
}

/** The record of `subaccount.limits.v1` for the current state of a sub-account. */
export function limitRecord(main: MainAccount, sub: SubAccount, position: LimitPosition): OutgoingRecord {
  const { generation, lane, messageOffset } = position;
  const at =
    messageOffset === null
      ? 'null'
      : `{"topic":"${TOPICS.messages}","partition":${lane},"offset":"${messageOffset}"}`;
  const value =
    `{"subAccountId":"${sub.id}","mainAccountId":"${main.id}","status":"${statusOf(main, sub)}"` +
    `,"period":"${sub.period}","limit":"${formatPoints(sub.limit)}","boost":"${formatPoints(sub.boost)}"` +
    `,"granted":"${formatPoints(granted(sub))}","used":"${formatPoints(sub.used)}","held":"${formatPoints(sub.held)}"` +
    `,"remaining":"${formatPoints(sub.remaining)}","generation":${generation},"sequence":${main.sequence}` +
    `,"position":${at}}`;
  return { topic: TOPICS.limits, key: sub.id, value };
}
