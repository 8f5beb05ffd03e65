import { TOPICS } from '@subledger/contracts';
import { formatPoints, granted, type MainAccount, type SubAccount, statusOf } from '@subledger/core';
import type { OutgoingRecord } from '@subledger/kafka';

/** How far the books are: what every limit record of a moment shares. */
export interface LimitPosition {
  readonly generation: number;
  readonly lane: number;
  /** Offset of the last message of the lane that the books reflect; null before the first. */
  readonly messageOffset: bigint | null;
}

/** The limit record of a sub-account that is deleted for good: the topic forgets its key. */
const tombstone = (sub: SubAccount): OutgoingRecord => ({ topic: TOPICS.limits, key: sub.id, value: null });

/**
 * What a change of a sub-account puts on `subaccount.limits.v1`: its record, or, once the grace time after its
 * deletion is over, the tombstone again, so that a late fact does not bring it back.
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

/** The record of `subaccount.limits.v1` for a sub-account as its books are now. */
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
