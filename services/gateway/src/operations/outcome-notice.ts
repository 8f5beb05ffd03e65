import type { ChangeNotice } from './change-notice.js';
import type { Outcome } from './operation.js';
import type { DirectOutcome } from './pending-direct-requests.js';

/** PostgreSQL accepts payloads below 8,000 bytes. */
const MAX_PAYLOAD_BYTES = 7_900;
/** Maximum bytes of the list inside a payload. */
const MAX_LISTED_BYTES = MAX_PAYLOAD_BYTES - 20;

/** A finished operation with its outcome. */
export interface EndedOutcome {
  readonly id: string;
  readonly outcome: Outcome;
}

/** The notice of one batch of the read model for all instances. */
export interface OutcomeNotice {
  /** Finished operations with their outcomes. */
  readonly ended?: readonly EndedOutcome[];
  /**
   * Finished operations whose outcomes must be looked up. Absent if there are too many to name: then every instance
   * looks.
   */
  readonly done?: readonly string[];
  /** An operation has reached its second command, which must be sent now. */
  readonly send?: true;
  /** Outcomes of commands without an operation. */
  readonly direct?: readonly DirectOutcome[];
  /** A revoked API key, by `toKeyId`. */
  readonly revoked?: string;
  /** A main account with an enabled webhook. */
  readonly listens?: string;
  /** Changes for streams. Null means any of the watched accounts. */
  readonly changed?: ChangeNotice;
}

export function encodeNotice(notice: OutcomeNotice): string {
  const text = JSON.stringify(notice);
  if (Buffer.byteLength(text) <= MAX_PAYLOAD_BYTES) return text;
  return JSON.stringify(notice.send === true ? { send: true } : {});
}

/**
 * Splits outcomes into as many notices as their sizes need. The request of an outcome that is too large looks it up.
 */
export function encodeOutcomes({
  direct,
  ended,
}: {
  readonly direct: readonly DirectOutcome[];
  readonly ended: readonly EndedOutcome[];
}): string[] {
  const large: string[] = [];
  const notices = [
    ...listed('direct', direct, () => {}),
    ...listed('ended', ended, ({ id }) => large.push(id)),
  ];
  return large.length === 0 ? notices : [...notices, encodeNotice({ done: large })];
}

function listed<One>(part: keyof OutcomeNotice, all: readonly One[], tooLarge: (one: One) => void): string[] {
  const notices: string[] = [];
  let texts: string[] = [];
  let bytes = 0;
  const close = () => {
    if (texts.length > 0) notices.push(`{"${part}":[${texts.join(',')}]}`);
    texts = [];
    bytes = 0;
  };
  for (const one of all) {
    const text = JSON.stringify(one);
    const size = Buffer.byteLength(text) + 1;
    if (size > MAX_LISTED_BYTES) {
      tooLarge(one);
      continue;
    }
    if (bytes + size > MAX_LISTED_BYTES) close();
    texts.push(text);
    bytes += size;
  }
  close();
  return notices;
}

/** Whether the notice has no other content. Then it is about operations that were too many to name. */
export const isUnnamed = ({ done, ended, direct, revoked, listens, changed }: OutcomeNotice): boolean =>
  [done, ended, direct, revoked, listens, changed].every((part) => part === undefined);
