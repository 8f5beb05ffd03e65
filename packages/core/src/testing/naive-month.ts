import type { Transfer } from '../state.js';
import { equal } from './check.js';

/** One sub-account's month in naive books: sums of transfers, and the limits that commands requested. */
export class NaiveMonth {
  opening = 0n;
  boost = 0n;
  /** Points that main gave, minus points returned to main other than as a repayment of overage. */
  given = 0n;
  /** Points of messages, minus refunds. */
  used = 0n;
  /** Points that main paid and that were not repaid. */
  overage = 0n;
  /** Points put into holds, minus those that left them. */
  held = 0n;

  follow({ from, to, kind, amount }: Transfer): void {
    const repaid = kind === 'overage-repayment';
    if (from === 'main' && to.startsWith('sub:')) this.given += amount;
    if (to === 'main' && !repaid) this.given -= amount;
    if (to === 'used') this.used += amount;
    if (from === 'used') this.used -= amount;
    if (from === 'main' && to === 'used') this.overage += amount;
    if (repaid) this.overage -= amount;
    if (to.startsWith('hold:')) this.held += amount;
    if (from.startsWith('hold:')) this.held -= amount;
  }
}

/** Amounts that came after a month had closed. */
export class NaiveLate {
  used = 0n;
  refunded = 0n;
  /** Points of its holds: used by messages, and returned to main. */
  settled = 0n;
  returned = 0n;

  add(over: Partial<Pick<NaiveLate, 'used' | 'refunded' | 'settled' | 'returned'>>): void {
    this.used += over.used ?? 0n;
    this.refunded += over.refunded ?? 0n;
    this.settled += over.settled ?? 0n;
    this.returned += over.returned ?? 0n;
  }

  agree(other: NaiveLate, of: string): void {
    equal(this.used, other.used, `late points used of ${of}`);
    equal(this.refunded, other.refunded, `late points refunded of ${of}`);
    equal(this.returned, other.returned, `late points returned of ${of}`);
  }
}
