import type { ErrorCode } from '@subledger/contracts';

/** The points that one message may cost, set aside before it is sent. */
export interface HoldRequest {
  readonly mainAccountId: string;
  readonly subAccountId: string;
  /** 1 to 128 printable ASCII characters; the id under which the message is reported as sent. */
  readonly messageId: string;
  /** A decimal string (`"1.2"`), above 0. */
  readonly points: string;
  /**
   * What it will be sent as, however it is written: a number must be allowed to the sub-account. Checked by the gateway
   * over HTTP, by `feed` over Kafka.
   */
  readonly sender?: string;
  /**
   * When an unused hold is to end by itself. Default 900, at most 86,400. Not acted on yet: release a hold whose message
   * is not sent.
   */
  readonly expiresInSeconds?: number;
}

/** `subAccountId` is not needed: a message id is unique within its main account. */
export interface ReleaseRequest {
  readonly mainAccountId: string;
  readonly messageId: string;
}

/** What is not known in time: it may have happened, or may yet happen. */
export interface Unknown {
  readonly outcome: 'unknown';
  /**
   * - `timeout`: accepted or sent, and no outcome within the time
   * - `unreachable`: no answer at all
   * - `unavailable`: answered that it cannot now
   */
  readonly reason: 'timeout' | 'unreachable' | 'unavailable';
  /** What was seen last, for logs. */
  readonly detail: string;
  /** What to do. */
  readonly advice: string;
  /** Of the gateway, where it has accepted the request. */
  readonly operationId?: string;
}

/** A refusal changes nothing. The codes are those of `docs/errors`. */
export interface Refused {
  readonly outcome: 'refused';
  readonly code: ErrorCode;
  /** Points left, where that is why. A decimal string. */
  readonly remaining?: string;
  readonly detail?: string;
}

export type HoldOutcome =
  | {
      readonly outcome: 'placed';
      /** Points set aside, and points left after it. Decimal strings. */
      readonly points: string;
      readonly remaining: string;
      /** ISO instant at which it is to end by itself; not acted on yet. */
      readonly expiresAt: string;
    }
  | Refused
  | Unknown;

export type ReleaseOutcome =
  | {
      readonly outcome: 'released';
      /** Points that came back; `"0"` where the hold was not placed yet: it is barred from now on. */
      readonly points: string;
    }
  | Refused
  | Unknown;

/** A way to place and release holds. Expected things are outcomes, never exceptions. */
export interface HoldTransport {
  hold(request: HoldRequest): Promise<HoldOutcome>;
  release(request: ReleaseRequest): Promise<ReleaseOutcome>;
  close(): Promise<void>;
}

const HOLD_ADVICE =
  'Do not send the message; call release() with its id: it gives the hold back, or bars it where it is not placed yet';
const RELEASE_ADVICE =
  'Call release() again: a repeat changes nothing; an open hold ends at its expiry by itself';

export const unknownHold = (reason: Unknown['reason'], detail: string, operationId?: string): Unknown => ({
  outcome: 'unknown',
  reason,
  detail,
  advice: HOLD_ADVICE,
  ...(operationId === undefined ? {} : { operationId }),
});
export const unknownRelease = (reason: Unknown['reason'], detail: string, operationId?: string): Unknown => ({
  ...unknownHold(reason, detail, operationId),
  advice: RELEASE_ADVICE,
});
