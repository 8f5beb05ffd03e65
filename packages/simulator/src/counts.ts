import { formatPoints, type Points, parsePoints, ZERO } from '@subledger/core';
import type { LaterReport, SentMessage } from './message-life.js';

export interface SmsCounts {
  sent: number;
  /** In millipoints. */
  points: Points;
  delivered: number;
  failed: number;
  expired: number;
  refunded: number;
  /** In millipoints. */
  refundedPoints: Points;
  /** Messages that were not sent, because sending was not allowed or no sub-account could send. */
  blocked: number;
}

export const noCounts = (): SmsCounts => ({
  sent: 0,
  points: ZERO,
  delivered: 0,
  failed: 0,
  expired: 0,
  refunded: 0,
  refundedPoints: ZERO,
  blocked: 0,
});

export function countSent(counts: SmsCounts, { points }: SentMessage): void {
  counts.sent += 1;
  counts.points = (counts.points + parsePoints(points)) as Points;
}

export function countLater(counts: SmsCounts, { kind }: LaterReport, { points }: SentMessage): void {
  if (kind === 'MESSAGE_DELIVERY_COMPLETE') counts.delivered += 1;
  if (kind === 'MESSAGE_DELIVERY_FAILED') counts.failed += 1;
  if (kind === 'MESSAGE_EXPIRED') counts.expired += 1;
  if (kind !== 'refund') return;
  counts.refunded += 1;
  counts.refundedPoints = (counts.refundedPoints + parsePoints(points)) as Points;
}

/** Counts as one line: `42 sent (57.2 points), 38 delivered, 2 failed, 1 expired, 1 refunded`. */
export function describeCounts(counts: SmsCounts): string {
  return `${counts.sent} sent (${formatPoints(counts.points)} points), ${counts.delivered} delivered, ${counts.failed} failed, ${counts.expired} expired, ${counts.refunded} refunded`;
}
