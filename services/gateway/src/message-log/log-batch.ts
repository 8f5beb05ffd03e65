import { type Delivery, isSame, merge, NO_DELIVERY } from './delivery.js';
import type { Fact, RefundFact, SentFact, Source, StatusFact } from './facts.js';

/** A message in the log. */
export interface Logged {
  readonly mainAccountId: string;
  readonly messageId: string;
  readonly subAccountId: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  readonly millipoints: bigint;
  /** At most `millipoints`. */
  readonly refunded: bigint;
  readonly delivery: Delivery;
  readonly source: Source;
}
/** A new message of the log. Its other fields are in its fact. */
export interface NewMessage extends Logged {
  readonly sent: SentFact;
}
export interface EarlyStatus {
  readonly mainAccountId: string;
  readonly messageId: string;
  readonly delivery: Delivery;
}
export interface Usage {
  readonly mainAccountId: string;
  readonly subAccountId: string;
  /** Start of the quarter hour, in milliseconds since 1970. */
  readonly quarter: number;
  readonly messages: number;
  readonly millipoints: bigint;
  readonly refunded: bigint;
}

/** Stored rows of the messages and refunds in a batch. Keys by `keyOf`, refunds by `refundKeyOf`. */
export interface Stored {
  readonly messages: ReadonlyMap<string, Logged>;
  readonly early: ReadonlyMap<string, EarlyStatus>;
  readonly refunds: ReadonlyMap<string, RefundFact>;
  /** Sum of the requested amounts of a message's stored refunds. */
  readonly refundSums: ReadonlyMap<string, bigint>;
}

/** Rows to write, each list sorted by key. */
export interface LogChanges {
  readonly inserted: NewMessage[];
  readonly updated: Logged[];
  readonly early: EarlyStatus[];
  readonly earlyGone: EarlyStatus[];
  readonly refunds: RefundFact[];
  /** Facts whose id belongs to another message or refund. */
  readonly rivals: RivalFact[];
  readonly usage: Usage[];
}

/** A fact that can have the same id as another one. */
export type RivalFact = SentFact | RefundFact;

type Named = { readonly mainAccountId: string; readonly messageId: string };
export const keyOf = ({ mainAccountId, messageId }: Named): string => `${mainAccountId} ${messageId}`;
export const refundKeyOf = (refund: RefundFact): string => `${refund.mainAccountId} ${refund.refundId}`;

const QUARTER_MS = 15 * 60_000;
export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/**
 * Applies facts, in the order of their partition, to the log. Pure. Repeats change nothing.
 *
 * - The first message with an id counts. The same message again moves its `source`, so that it stays if the ledger
 *   refused the first record. Another message with the id is a rival, kept until the ledger has decided.
 * - The refunded amount is the sum of the requested amounts, each refund id once, and at most the charged amount. The
 *   ledger's rule for single refunds gives the same sum in any order.
 * - A status without its message is kept until the message comes.
 */
export function applyFacts(stored: Stored, facts: readonly Fact[]): LogChanges {
  return new Batch(stored).run(facts);
}

class Batch {
  readonly #messages = new Map<string, Logged>();
  readonly #sent = new Map<string, SentFact>();
  readonly #early = new Map<string, EarlyStatus>();
  readonly #earlyGone = new Map<string, EarlyStatus>();
  readonly #refunds = new Map<string, RefundFact>();
  readonly #refundSums = new Map<string, bigint>();
  readonly #rivals: RivalFact[] = [];

  constructor(private readonly stored: Stored) {}

  run(facts: readonly Fact[]): LogChanges {
    for (const fact of facts) {
      if (fact.kind === 'sent') this.#onSent(fact);
      else if (fact.kind === 'status') this.#onStatus(fact);
      else this.#onRefund(fact);
    }
    const inserted: NewMessage[] = [];
    const updated: Logged[] = [];
    for (const [key, message] of sorted(this.#messages)) {
      const sent = this.#sent.get(key);
      if (sent) inserted.push({ ...message, sent });
      else if (!isUnchanged(message, this.stored.messages.get(key))) updated.push(message);
    }
    return {
      inserted,
      updated,
      early: rowsByKey(this.#early),
      earlyGone: rowsByKey(this.#earlyGone),
      refunds: rowsByKey(this.#refunds),
      rivals: this.#rivals,
      usage: usageOf([...inserted, ...updated], this.stored.messages),
    };
  }

  #onSent(fact: SentFact): void {
    const key = keyOf(fact);
    const known = this.#message(key);
    if (known) {
      const isAgain = known.millipoints === fact.millipoints && known.subAccountId === fact.subAccountId;
      if (isAgain) this.#messages.set(key, { ...known, source: fact.source });
      else this.#rivals.push(fact);
      return;
    }
    const waiting = this.#early.get(key) ?? this.stored.early.get(key);
    this.#early.delete(key);
    if (this.stored.early.has(key)) this.#earlyGone.set(key, this.stored.early.get(key) as EarlyStatus);
    const { mainAccountId, messageId, subAccountId, sentAt, millipoints, source } = fact;
    this.#sent.set(key, fact);
    this.#messages.set(key, {
      mainAccountId,
      messageId,
      subAccountId,
      sentAt,
      millipoints,
      refunded: least(this.#refundSum(key), millipoints),
      delivery: waiting?.delivery ?? NO_DELIVERY,
      source,
    });
  }

  #onStatus(fact: StatusFact): void {
    const key = keyOf(fact);
    const known = this.#message(key);
    if (known) {
      this.#messages.set(key, { ...known, delivery: merge(known.delivery, fact.delivery) });
      return;
    }
    const { mainAccountId, messageId } = fact;
    const before = (this.#early.get(key) ?? this.stored.early.get(key))?.delivery ?? NO_DELIVERY;
    this.#early.set(key, { mainAccountId, messageId, delivery: merge(before, fact.delivery) });
  }

  #onRefund(fact: RefundFact): void {
    const id = refundKeyOf(fact);
    const seen = this.#refunds.get(id) ?? this.stored.refunds.get(id);
    if (seen) {
      const isAgain = seen.messageId === fact.messageId && seen.millipoints === fact.millipoints;
      if (isAgain) this.#refunds.set(id, fact);
      else this.#rivals.push(fact);
      return;
    }
    this.#refunds.set(id, fact);
    const key = keyOf(fact);
    const sum = this.#refundSum(key) + fact.millipoints;
    this.#refundSums.set(key, sum);
    const known = this.#message(key);
    if (known) this.#messages.set(key, { ...known, refunded: least(sum, known.millipoints) });
  }

  #message(key: string): Logged | undefined {
    return this.#messages.get(key) ?? this.stored.messages.get(key);
  }

  #refundSum(key: string): bigint {
    return this.#refundSums.get(key) ?? this.stored.refundSums.get(key) ?? 0n;
  }
}

const sorted = <Row>(rows: ReadonlyMap<string, Row>): [string, Row][] =>
  [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
/** Sorted by key, so that two writers lock rows in the same order. */
export const rowsByKey = <Row>(rows: ReadonlyMap<string, Row>): Row[] => sorted(rows).map(([, row]) => row);

const isUnchanged = (message: Logged, before: Logged | undefined): boolean =>
  before !== undefined &&
  message.refunded === before.refunded &&
  message.source.partition === before.source.partition &&
  message.source.offset === before.source.offset &&
  isSame(message.delivery, before.delivery);

/** The amounts that these messages add to the sums. For known messages only the difference counts. */
function usageOf(messages: readonly Logged[], before: ReadonlyMap<string, Logged>): Usage[] {
  const sums = new Map<string, Usage>();
  for (const message of messages) {
    const known = before.get(keyOf(message));
    addUsage(sums, message, {
      messages: known ? 0 : 1,
      millipoints: known ? 0n : message.millipoints,
      refunded: message.refunded - (known?.refunded ?? 0n),
    });
  }
  return rowsByKey(sums);
}

type Figures = Pick<Usage, 'messages' | 'millipoints' | 'refunded'>;

export function addUsage(sums: Map<string, Usage>, message: Logged, more: Figures): void {
  if (more.messages === 0 && more.refunded === 0n) return;
  const { mainAccountId, subAccountId } = message;
  const quarter = Math.floor(message.sentAt / QUARTER_MS) * QUARTER_MS;
  const key = `${mainAccountId} ${quarter} ${subAccountId}`;
  const sum = sums.get(key) ?? { messages: 0, millipoints: 0n, refunded: 0n };
  sums.set(key, {
    mainAccountId,
    subAccountId,
    quarter,
    messages: sum.messages + more.messages,
    millipoints: sum.millipoints + more.millipoints,
    refunded: sum.refunded + more.refunded,
  });
}
