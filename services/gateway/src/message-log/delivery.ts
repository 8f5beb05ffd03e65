import type { MessageStatus } from '@subledger/contracts';

/**
 * The known delivery of a message. Times are milliseconds since 1970. Every field is the maximum of the values in the
 * statuses (`endedAt`: the minimum), so the order and number of arrivals make no difference (docs/decisions/0013).
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

/** Progress of a message for each status. Statuses from `FIRST_FINAL` on are final. */
const RANK: Record<MessageStatus, number> = {
  MESSAGE_PASSED_TO_CARRIER_FOR_DELIVERY: 0,
  MESSAGE_EXPIRED: 1,
  MESSAGE_DELIVERY_FAILED: 2,
  MESSAGE_DELIVERY_COMPLETE: 3,
};
const FIRST_FINAL = RANK.MESSAGE_EXPIRED;
const isFinal = (status: MessageStatus): boolean => RANK[status] >= FIRST_FINAL;

/** The delivery that one status reports. */
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
 * Merges two deliveries. A final status is never replaced by one that is not final. Otherwise the later status by
 * `at` wins, and at the same time the more advanced one (complete, failed, expired, passed on).
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

type Reported = readonly [text: string | null, at: number | null];

/** The later value. At the same time the greater text wins, so that the order of arrival makes no difference. */
function later(a: Reported, b: Reported): Reported {
  const [textA, atA] = a;
  const [textB, atB] = b;
  if (textB === null || atB === null) return a;
  if (textA === null || atA === null) return b;
  if (atA !== atB) return atA > atB ? a : b;
  return textA >= textB ? a : b;
}

const least = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);
