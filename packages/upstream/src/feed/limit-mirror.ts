import { MILLIPOINTS_PER_POINT } from '@subledger/contracts';
import { type Points, parsePoints } from '@subledger/core';
import { type KafkaRecord, partitionFor, type WrittenRecord } from '@subledger/kafka/client';
import { Lane } from './lane.js';
import { parseLimit } from './limit-json.js';
import { parseProfile } from './profile-json.js';
import { type Reservation, Reservations } from './reservations.js';
import { parseSent, type SentFact } from './sent-json.js';
import { SubAccountTable } from './sub-account-table.js';
import type { Question, RefusalReason, Verdict } from './verdict.js';

const refused = (reason: RefusalReason): Verdict => ({ allowed: false, reason });
const UNKNOWN = refused('unknown');
const NOT_OWNER = refused('not-owner');
const NOT_CAUGHT_UP = refused('not-caught-up');
const SENDER_NOT_ALLOWED = refused('sender-not-allowed');
const TOO_MANY_POINTS = refused('too-many-points');
const ALLOWED: Verdict = { allowed: true };

/**
 * Millipoints of an amount, given as decimal text of points or as millipoints.
 * @throws RangeError if it is not an amount, or negative: a mistake of the caller
 */
function millipointsOf(points: string | bigint): bigint {
  const amount = typeof points === 'bigint' ? points : parsePoints(points);
  if (amount < 0n)
    throw new RangeError(`points must not be negative, not ${amount} / ${MILLIPOINTS_PER_POINT}`);
  return amount;
}

export interface LimitMirrorOptions {
  /** Partitions of `sms.messages.v1`, as many as the ledger has lanes. */
  readonly partitions: number;
  readonly whenNotCaughtUp: 'refuse' | 'allow';
  /** Maximum cost of one message, in millipoints. */
  readonly maxMessagePoints: Points;
}

/**
 * Points that each sub-account may still send: its last limit record minus the reports that the record does not
 * contain yet. No I/O and no clock: the caller passes the records and the time (`performance.now()`, milliseconds).
 */
export class LimitMirror {
  readonly lanes: readonly Lane[];
  readonly table = new SubAccountTable();
  readonly reservations = new Reservations();
  /** All sub-accounts are known up to this time, unless it is confirmed again. */
  knownUntil = Number.NEGATIVE_INFINITY;
  /** Whether this instance decides about its lanes at this moment. */
  isOwner: () => boolean = () => true;
  /** Records that break the contract. */
  unreadable = 0;
  readonly #options: LimitMirrorOptions;
  readonly #laneOfMain: number[] = [];

  constructor(options: LimitMirrorOptions) {
    this.#options = options;
    this.lanes = Array.from({ length: options.partitions }, (_, partition) => new Lane(partition));
  }

  /**
   * Applies a limit record.
   * @returns the lane if a new generation began, so that its reports must be read again
   */
  applyLimit({ key, value }: Pick<KafkaRecord, 'key' | 'value'>): Lane | undefined {
    if (value === null) {
      const row = key === null ? undefined : this.table.dropLimit(key);
      if (row !== undefined) this.reservations.removeRow(row);
      return undefined;
    }
    const record = parseLimit(value);
    if (record === undefined) {
      this.unreadable += 1;
      return undefined;
    }
    const row = this.table.putLimit(record);
    if (row === undefined) return undefined;
    const lane = this.#laneOf(this.table.main(row));
    const position = this.table.position(row);
    const isNewGeneration = lane.saw(record.generation, position);
    if (record.generation === lane.generation) this.reservations.reflect(row, position);
    return isNewGeneration ? lane : undefined;
  }

  applyProfile({ key, value }: Pick<KafkaRecord, 'key' | 'value'>): void {
    if (value === null) {
      if (key !== null) this.table.dropProfile(key);
      return;
    }
    const profile = parseProfile(value);
    if (profile === undefined) this.unreadable += 1;
    else this.table.putProfile(profile);
  }

  /** Counts a report in one of our lanes, by any writer, unless the figures already contain it. */
  applyMessage(record: Pick<KafkaRecord, 'value' | 'partition' | 'offset'>): void {
    const sent = parseSent(record);
    if (sent === undefined) return;
    const row = this.table.row(sent.subAccountId);
    if (row === undefined || this.table.status(row) === undefined) return;
    const main = this.table.main(row);
    const lane = this.#laneOf(main);
    // The ledger does not book messages of other accounts, and forwards a report in the wrong partition to the right
    // one.
    if (this.table.mainId(main) !== sent.mainAccountId || lane.partition !== record.partition) return;
    const offset = Number(record.offset);
    const known = this.reservations.get(main, sent.messageId);
    if (known) {
      if (known.offset < 0 || known.offset > offset) this.#locate(known, offset);
      return;
    }
    if (sent.points === 0n || this.#isReflected(row, lane, offset)) return;
    if (this.reservations.isRemembered(main, sent.messageId)) return;
    const { messageId, points } = sent;
    this.reservations.add({ messageId, main, lane: lane.partition, row, points, offset, state: 'foreign' });
  }

  /** Whether a sub-account may use this sender, by its profile. Undefined if the profiles are not known up to now. */
  allowsSender(subAccountId: string, sender: string, nowMs: number): boolean | undefined {
    const row = this.table.row(subAccountId);
    if (nowMs > this.knownUntil) return undefined;
    return this.table.allowsSender(row, sender);
  }

  /**
   * Whether a message may be sent.
   * @param nowMs time of `performance.now()`
   * @throws RangeError if `points` are not an amount, or negative
   */
  check(question: Question, nowMs: number): Verdict {
    const points = millipointsOf(question.points);
    const mayGuess = this.#options.whenNotCaughtUp === 'allow';
    const row = this.table.row(question.subAccountId);
    const status = row === undefined ? undefined : this.table.status(row);
    if (row === undefined || status === undefined) {
      if (nowMs <= this.knownUntil) return UNKNOWN;
      return mayGuess ? ALLOWED : NOT_CAUGHT_UP;
    }
    const lane = this.#laneOf(this.table.main(row));
    const isOwner = this.isOwner();
    if (isOwner && lane.phase === 'foreign') return NOT_OWNER;
    if (!mayGuess && (!isOwner || lane.phase !== 'ready' || nowMs > lane.freshUntil)) return NOT_CAUGHT_UP;
    const remaining = this.remaining(row);
    if (status !== 'active') return { allowed: false, reason: status, remaining };
    const { sender } = question;
    if (sender !== undefined && !this.table.allowsSender(row, sender)) return SENDER_NOT_ALLOWED;
    if (points > this.#options.maxMessagePoints) return TOO_MANY_POINTS;
    return remaining < points ? { allowed: false, reason: 'limit', remaining } : { allowed: true, remaining };
  }

  /**
   * Like `check`, and reserves the points if it allows the message.
   * @throws RangeError if `points` are not an amount, or negative
   * @throws Error if the message id is in use for another message
   */
  take(question: Question & { readonly messageId: string }, nowMs: number): Verdict {
    const { subAccountId, messageId } = question;
    const points = millipointsOf(question.points);
    const row = this.table.row(subAccountId);
    const taken = this.reservations.getOpen(messageId);
    if (taken) {
      if (taken.row === row && taken.points === points)
        return { allowed: true, remaining: this.remaining(taken.row) };
      throw new Error(`message id ${messageId} is taken for another message: give each message its own id`);
    }
    const verdict = this.check(question, nowMs);
    // An unknown sub-account has no points to reserve.
    if (!verdict.allowed || row === undefined || this.table.status(row) === undefined) return verdict;
    this.#reserve(row, messageId, points, 'taken');
    return verdict;
  }

  /**
   * Frees the points.
   * @returns false after the message was passed to the reporter
   */
  giveBack(messageId: string): boolean {
    const taken = this.reservations.getOpen(messageId);
    if (taken?.state !== 'taken') return false;
    this.reservations.remove(taken);
    return true;
  }

  /**
   * Counts a message that is about to be reported, whether it was taken or not. A message of 0 points (a hold pays)
   * never counts.
   */
  reporting({ messageId, subAccountId, points }: SentFact): void {
    const taken = this.reservations.getOpen(messageId);
    const row = this.table.row(subAccountId);
    if (taken && taken.row === row && taken.points === points) {
      this.reservations.setState(taken, 'reporting');
      return;
    }
    // The message costs another amount than was reserved.
    if (taken) this.reservations.remove(taken);
    if (row === undefined || this.table.status(row) === undefined) return;
    const main = this.table.main(row);
    // Do not count it here, nor when it is read back with its price.
    if (points === 0n) this.reservations.remember(main, messageId);
    else if (!this.reservations.get(main, messageId)) this.#reserve(row, messageId, points, 'reporting');
  }

  /**
   * Notes the offset of a report that the broker has. If the broker has it twice, this is the later offset, at which
   * the figures contain it too. Reading the log gives the earlier one. On another partition than the lane's the
   * offset has no meaning: the ledger forwards the report, and it counts here until it is read back in its lane.
   */
  written(messageId: string, { partition, offset }: WrittenRecord): void {
    const reported = this.reservations.getOpen(messageId);
    if (!reported) return;
    if (this.lanes[reported.lane]?.phase === 'foreign') {
      this.reservations.remove(reported);
      return;
    }
    this.reservations.setState(reported, 'written');
    if (reported.offset < 0 && partition === reported.lane) this.#locate(reported, Number(offset));
  }

  /** Keeps counting a report that was refused or given up: it may be in the log, and the message was sent. */
  notWritten(messageId: string): void {
    const reported = this.reservations.getOpen(messageId);
    if (reported) this.reservations.setState(reported, 'taken');
  }

  /** Points that may still be sent, in millipoints. Negative after reports beyond the limit. */
  remaining(row: number): Points {
    return (this.table.remaining(row) - this.reservations.sum(row)) as Points;
  }

  #reserve(row: number, messageId: string, points: bigint, state: Reservation['state']): void {
    const main = this.table.main(row);
    const lane = this.#laneOf(main).partition;
    this.reservations.add({ messageId, main, lane, row, points, offset: -1, state });
  }

  #locate(reservation: Reservation, offset: number): void {
    reservation.offset = offset;
    const lane = this.lanes[reservation.lane] as Lane;
    if (this.#isReflected(reservation.row, lane, offset)) this.reservations.reflect(reservation.row, offset);
  }

  #isReflected(row: number, lane: Lane, offset: number): boolean {
    if (offset <= lane.settled) return true;
    // Positions of an older generation are offsets in another log.
    return this.table.generation(row) === lane.generation && offset <= this.table.position(row);
  }

  #laneOf(main: number): Lane {
    this.#laneOfMain[main] ??= partitionFor(this.table.mainId(main), this.#options.partitions);
    return this.lanes[this.#laneOfMain[main]!] as Lane;
  }
}
