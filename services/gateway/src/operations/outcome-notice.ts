import type { ChangeNotice } from './change-notice.js';
import type { Outcome } from './operation.js';
import type { DirectOutcome } from './pending-direct-requests.js';

/** PostgreSQL takes payloads below 8,000 bytes. */
const MAX_PAYLOAD_BYTES = 7_900;
/** Without what is around them. */
const MAX_LISTED_BYTES = MAX_PAYLOAD_BYTES - 20;

/** An operation that is done, and how. */
export interface EndedOutcome {
  readonly id: string;
  readonly outcome: Outcome;
}

/** What one batch of the read model tells all instances. */
export interface OutcomeNotice {
  /** Finished operations with their outcomes. */
  readonly ended?: readonly EndedOutcome[];
  /** Finished operations whose outcomes are to be looked up; absent where they are too many to name: then everyone looks. */
  readonly done?: readonly string[];
  /** An operation went on to its second command, which is to be sent now. */
  readonly send?: true;
  /** Outcomes of commands that no operation stands for. */
  readonly direct?: readonly DirectOutcome[];
  /** An API key that is not valid any more, by `toKeyId`. */
  readonly revoked?: string;
  /** A main account that has a webhook that is on. */
  readonly listens?: string;
  /** What streams watch; null is whatever they watch. */
  readonly changed?: ChangeNotice;
}

export function encodeNotice(notice: OutcomeNotice): string {
  const text = JSON.stringify(notice);
  if (Buffer.byteLength(text) <= MAX_PAYLOAD_BYTES) return text;
  return JSON.stringify(notice.send === true ? { send: true } : {});
}

/** Outcomes in as many notices as their sizes ask for. One that is too large is looked up by its request. */
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

/** A notice of nothing else: then it is operations that were too many to name. */
export const isUnnamed = ({ done, ended, direct, revoked, listens, changed }: OutcomeNotice): boolean =>
  [done, ended, direct, revoked, listens, changed].every((part) => part === undefined);
