import type { MessageStatus } from '@subledger/contracts';

/**
 * What is known of a message's delivery. Times are milliseconds since 1970. Every field is the greatest (of the
 * delivery's end: the least) of what the statuses say, so the order and the number of their arrivals do not matter.
 */
export interface Delivery {
  readonly status: MessageStatus | null;
  readonly statusAt: number | null;
  /** Time of the first final status. */
  readonly endedAt: number | null;
  readonly shortlinkStatus: string | null;
  readonly shortlinkStatusAt: number | null;
  readonly shortlinkUrl: string | null;
  readonly shortlinkUrlAt: number | null;
}

export const NO_DELIVERY: Delivery = {
  status: null,
  statusAt: null,
  endedAt: null,
  shortlinkStatus: null,
  shortlinkStatusAt: null,
  shortlinkUrl: null,
  shortlinkUrlAt: null,
};

/** How far along a message's life a status is; those from `FIRST_FINAL` on end it. */
const RANK: Record<MessageStatus, number> = {
  MESSAGE_PASSED_TO_CARRIER_FOR_DELIVERY: 0,
  MESSAGE_EXPIRED: 1,
  MESSAGE_DELIVERY_FAILED: 2,
  MESSAGE_DELIVERY_COMPLETE: 3,
};
const FIRST_FINAL = RANK.MESSAGE_EXPIRED;
const isFinal = (status: MessageStatus): boolean => RANK[status] >= FIRST_FINAL;

/** What one status says. */
export function deliveryOf(fact: {
  readonly status: MessageStatus;
  readonly at: number;
  readonly shortlinkStatus?: string | undefined;
  readonly shortlinkUrl?: string | undefined;
}): Delivery {
  const { status, at, shortlinkStatus = null, shortlinkUrl = null } = fact;
  return {
    status,
    statusAt: at,
    endedAt: isFinal(status) ? at : null,
    shortlinkStatus,
    shortlinkStatusAt: shortlinkStatus === null ? null : at,
    shortlinkUrl,
    shortlinkUrlAt: shortlinkUrl === null ? null : at,
  };
}

/**
 * Both together. A final status is never replaced by one that is not; otherwise the later by `at` wins, and of two of
 * the same time the one further along (complete, failed, expired, passed on).
 */
export function merge(a: Delivery, b: Delivery): Delivery {
  const newest = winsOver(b, a) ? b : a;
  const [shortlinkStatus, shortlinkStatusAt] = later(
    [a.shortlinkStatus, a.shortlinkStatusAt],
    [b.shortlinkStatus, b.shortlinkStatusAt],
  );
  const [shortlinkUrl, shortlinkUrlAt] = later(
    [a.shortlinkUrl, a.shortlinkUrlAt],
    [b.shortlinkUrl, b.shortlinkUrlAt],
  );
  return {
    status: newest.status,
    statusAt: newest.statusAt,
    endedAt: least(a.endedAt, b.endedAt),
    shortlinkStatus,
    shortlinkStatusAt,
    shortlinkUrl,
    shortlinkUrlAt,
  };
}

export const isSame = (a: Delivery, b: Delivery): boolean =>
  (Object.keys(NO_DELIVERY) as (keyof Delivery)[]).every((field) => a[field] === b[field]);

function winsOver(a: Delivery, b: Delivery): boolean {
  if (a.status === null || a.statusAt === null) return false;
  if (b.status === null || b.statusAt === null) return true;
  if (isFinal(a.status) !== isFinal(b.status)) return isFinal(a.status);
  if (a.statusAt !== b.statusAt) return a.statusAt > b.statusAt;
  return RANK[a.status] > RANK[b.status];
}

type Told = readonly [text: string | null, at: number | null];

/** The later one; of two of the same time the greater text, so that it does not depend on which came first. */
function later(a: Told, b: Told): Told {
  const [textA, atA] = a;
  const [textB, atB] = b;
  if (textB === null || atB === null) return a;
  if (textA === null || atA === null) return b;
  if (atA !== atB) return atA > atB ? a : b;
  return textA >= textB ? a : b;
}

const least = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);
