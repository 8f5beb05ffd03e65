import type { SeededRandom } from './seeded-random.js';

/** How a bad service behaves, as shares from 0 to 1. Default: it does not. */
export interface Misbehaviour {
  /** Share of reports that are written twice, with the same ids. */
  readonly duplicates?: number;
  /** Share of messages whose end is reported before the carrier's status, and both before the message itself. */
  readonly disordered?: number;
  /** Share of messages sent in the previous calendar month (UTC), and reported only now. */
  readonly closedPeriods?: number;
}

/** A day that is in the previous month in every time zone. */
const DAY_OF_MONTH_BEFORE = 15;

/** When a message was sent: now, or by its share in the previous month. */
export function sentAt(now: Date, { closedPeriods = 0 }: Misbehaviour, random: SeededRandom): string {
  if (!random.chance(closedPeriods)) return now.toISOString();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, DAY_OF_MONTH_BEFORE)).toISOString();
}
