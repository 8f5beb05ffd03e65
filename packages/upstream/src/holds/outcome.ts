import type { ErrorCode } from '@subledger/contracts';

/** A request to reserve the points of one message before it is sent. */
export interface HoldRequest {
  readonly mainAccountId: string;
  readonly subAccountId: string;
  /** 1 to 128 printable ASCII characters; the id under which the message is reported as sent. */
  readonly messageId: string;
  /** A decimal string of points (`"1.2"`), above 0. */
  readonly points: string;
  /**
   * Its sender, in any notation. A number must be allowed for the sub-account. The gateway checks it over HTTP,
   * `feed` over Kafka.
   */
  readonly sender?: string;
  /**
   * Seconds until an unused hold ends by itself. Default 900, at most 86,400. Not implemented yet: release a hold
   * whose message is not sent.
   */
  readonly expiresInSeconds?: number;
}

/** `subAccountId` is not needed, because a message id is unique within its main account. */
export interface ReleaseRequest {
  readonly mainAccountId: string;
  readonly messageId: string;
}

/** The outcome did not arrive in time. The request may have been carried out, or may yet be. */
export interface Unknown {
  readonly outcome: 'unknown';
  /**
   * Why the outcome is unknown:
   * - `timeout`: accepted or sent, but no outcome in time
   * - `unreachable`: no answer at all
   * - `unavailable`: the server answered that it cannot process it now
   */
  readonly reason: 'timeout' | 'unreachable' | 'unavailable';
  /** The last observation, for logs. */
  readonly detail: string;
  /** What to do. */
  readonly advice: string;
  /** Of the gateway, if it accepted the request. */
  readonly operationId?: string;
}

/** A refusal changes nothing. `docs/errors` has a page for each code. */
export interface Refused {
  readonly outcome: 'refused';
  readonly code: ErrorCode;
  /** Points left, if they are the reason. A decimal string. */
  readonly remaining?: string;
  readonly detail?: string;
}

export type HoldOutcome =
  | {
      readonly outcome: 'placed';
      /** Points reserved, and points left afterwards. Decimal strings. */
      readonly points: string;
      readonly remaining: string;
      /** ISO instant at which the hold ends by itself. Not implemented yet. */
      readonly expiresAt: string;
    }
  | Refused
  | Unknown;

export type ReleaseOutcome =
  | {
      readonly outcome: 'released';
      /** Points returned. `"0"` if the hold was not placed yet: it is barred now. */
      readonly points: string;
    }
  | Refused
  | Unknown;

/** A way to place and release holds. Expected results are outcomes, never exceptions. */
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
