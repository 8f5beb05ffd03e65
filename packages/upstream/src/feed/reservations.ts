/**
 * State of a reservation:
 * - `taken`: by `take`, and not passed to the reporter yet
 * - `reporting`: its report is on the way to the broker
 * - `written`: the broker has it
 * - `foreign`: found in the log, written by another process or before a restart
 */
type ReservationState = 'taken' | 'reporting' | 'written' | 'foreign';

/** The points of one message that its sub-account's figures do not contain yet. */
export interface Reservation {
  readonly messageId: string;
  /** Number of its main account. */
  readonly main: number;
  readonly lane: number;
  readonly row: number;
  /** Millipoints. */
  readonly points: bigint;
  /** Offset of its first report in the log, or -1 while unknown. */
  offset: number;
  state: ReservationState;
}

const isOpen = ({ state }: Reservation) => state === 'taken' || state === 'reporting';

/** A message id is unique within its main account. */
const keyOf = (main: number, messageId: string) => `${main} ${messageId}`;

/** Reports that the figures contain. They are remembered so that a later repeat in the log does not count as new. */
const REMEMBERED = 10_000;

/** All reservations, to be subtracted from the points in the limit records. */
export class Reservations {
  readonly #all = new Map<string, Reservation>();
  readonly #byRow = new Map<number, { sum: bigint; readonly list: Set<Reservation> }>();
  /** Own reservations that can be given back or are being reported. */
  readonly #open = new Map<string, Reservation>();
  readonly #remembered = new Set<string>();
  #whenNoneOpen: PromiseWithResolvers<void> | undefined;

  get size(): number {
    return this.#all.size;
  }
  get open(): number {
    return this.#open.size;
  }

  /** Millipoints reserved for a row. */
  sum(row: number): bigint {
    return this.#byRow.get(row)?.sum ?? 0n;
  }

  get(main: number, messageId: string): Reservation | undefined {
    return this.#all.get(keyOf(main, messageId));
  }

  /** Finds a reservation by message id alone, only while it is taken or being reported. */
  getOpen(messageId: string): Reservation | undefined {
    return this.#open.get(messageId);
  }

  add(reservation: Reservation): void {
    this.#all.set(keyOf(reservation.main, reservation.messageId), reservation);
    if (isOpen(reservation)) this.#open.set(reservation.messageId, reservation);
    const ofRow = this.#byRow.get(reservation.row);
    if (ofRow) {
      ofRow.sum += reservation.points;
      ofRow.list.add(reservation);
    } else this.#byRow.set(reservation.row, { sum: reservation.points, list: new Set([reservation]) });
  }

  setState(reservation: Reservation, state: ReservationState): void {
    reservation.state = state;
    if (isOpen(reservation)) this.#open.set(reservation.messageId, reservation);
    else this.#close(reservation);
  }

  remove(reservation: Reservation): void {
    if (!this.#all.delete(keyOf(reservation.main, reservation.messageId))) return;
    this.#close(reservation);
    const ofRow = this.#byRow.get(reservation.row);
    if (!ofRow?.list.delete(reservation)) return;
    ofRow.sum -= reservation.points;
    if (ofRow.list.size === 0) this.#byRow.delete(reservation.row);
  }

  /** Drops the reservations of a row that its figures now contain. */
  reflect(row: number, position: number): void {
    const ofRow = this.#byRow.get(row);
    if (!ofRow) return;
    for (const one of ofRow.list) if (one.offset >= 0 && one.offset <= position) this.#reflect(one);
  }

  /** Notes that a message must not count when it is read from the log. */
  remember(main: number, messageId: string): void {
    this.#remembered.add(keyOf(main, messageId));
    if (this.#remembered.size <= REMEMBERED) return;
    for (const oldest of this.#remembered) {
      this.#remembered.delete(oldest);
      return;
    }
  }

  /** Whether a message was dropped recently because the figures contain it, or must not count. */
  isRemembered(main: number, messageId: string): boolean {
    return this.#remembered.has(keyOf(main, messageId));
  }

  removeRow(row: number): void {
    for (const one of this.#byRow.get(row)?.list ?? []) this.remove(one);
  }

  /** Drops the reservations of a lane up to an offset. */
  settle(lane: number, offset: number): void {
    for (const one of this.#all.values())
      if (one.lane === lane && one.offset >= 0 && one.offset <= offset) this.#reflect(one);
  }

  /** Keeps only our own open reservations of a lane. The log has the others. */
  removeFromLog(lane: number): void {
    for (const one of this.#all.values()) if (one.lane === lane && !isOpen(one)) this.remove(one);
  }

  /** Resolves once nothing is taken or being reported. */
  whenNoneOpen(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    this.#whenNoneOpen ??= Promise.withResolvers();
    return this.#whenNoneOpen.promise;
  }

  #reflect(reservation: Reservation): void {
    this.remove(reservation);
    this.remember(reservation.main, reservation.messageId);
  }

  #close(reservation: Reservation): void {
    if (this.#open.get(reservation.messageId) !== reservation) return;
    this.#open.delete(reservation.messageId);
    if (this.#open.size > 0) return;
    this.#whenNoneOpen?.resolve();
    this.#whenNoneOpen = undefined;
  }
}
