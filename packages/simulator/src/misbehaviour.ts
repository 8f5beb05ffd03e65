import type { SeededRandom } from '@subledger/testing';

/** How a bad service behaves, as shares from 0 to 1. Default: not at all. */
export interface Misbehaviour {
  /** Of all reports: written twice, under the same ids. */
  readonly duplicates?: number;
  /** Of all messages: their end is reported before the carrier's status, and both before the message itself. */
  readonly disordered?: number;
  /** Of all messages: sent in the calendar month before (UTC), and reported only now. */
  readonly closedPeriods?: number;
}

/** A day that is in the month before in every time zone. */
const DAY_OF_MONTH_BEFORE = 15;

/** When a message was sent: now, or by its share in the month before. */
export function sentAt(now: Date, { closedPeriods = 0 }: Misbehaviour, random: SeededRandom): string {
  if (!random.chance(closedPeriods)) return now.toISOString();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, DAY_OF_MONTH_BEFORE)).toISOString();
}
