import { COMMANDS, MESSAGE_READERS, messageType, TOPICS } from '@subledger/contracts';
import type { OutgoingRecord } from '@subledger/kafka';
import { parseRecord } from '@subledger/wire';
import { placeOf, type StoredLetter } from './dead-letter-log.js';

/** Header with the dead letter that a record replays. */
export const REPLAY_HEADER = 'replay-of';

/** The record to send for a dead letter, and its identity. */
export interface Replay {
  readonly kind: 'command' | 'sent' | 'refunded' | 'status';
  readonly letter: StoredLetter;
  readonly record: OutgoingRecord;
  /** Short name, such as `points.purchase`. */
  readonly name: string;
  /** The id that makes it happen once: command id, message id or refund id. */
  readonly id: string;
  readonly mainAccountId: string;
  /** The sub-account that it concerns, or null if it concerns the main account. */
  readonly subAccountId: string | null;
}

export interface Refusal {
  readonly letter: StoredLetter;
  readonly why: string;
}

interface Cloud {
  readonly id: string;
  readonly type: string;
  readonly data: {
    readonly mainAccountId: string;
    readonly subAccountId?: string;
    readonly messageId?: string;
  };
}

/**
 * The new id of a dead letter's command. It is the same for every replay, so that the command is booked once. It
 * contains the broker time, because a recreated topic uses its offsets again.
 */
const replayId = ({ letter: { source, timestampMs } }: StoredLetter): string =>
  `replay:${placeOf(source)}@${timestampMs}`;

/**
 * When the source record of a replay first arrived, in milliseconds since 1970. Null if the id is not that of a
 * replay.
 */
export function replayedSince(commandId: string): number | null {
  const match = /^replay:\S+@(\d+)$/.exec(commandId);
  return match ? Number(match[1]) : null;
}

/**
 * The record to send for a replay. Its key, and so its partition, follow from the main account in its data. Its
 * `time` stays. A command gets a new id, because its old id has the outcome `invalid-command`. A refund keeps its id
 * and a message its message id, which keep them from being booked twice.
 */
export function planReplay(letter: StoredLetter): Replay | Refusal {
  const { source, value, isTruncated, isSealed, reason } = letter.letter;
  const refuse = (why: string): Refusal => ({ letter, why });
  if (source.topic !== TOPICS.commands && source.topic !== TOPICS.messages) {
    return refuse(
      `only ${TOPICS.commands} and ${TOPICS.messages} are replayed; its reader reads ${source.topic} itself`,
    );
  }
  if (reason === 'undecodable-batch')
    return refuse('it is a whole batch that cannot be decoded: its sender must send the records again');
  if (isSealed) return refuse('it is sealed with another DEAD_LETTER_KEY than this command has');
  if (value === null) return refuse('it has no value');
  if (isTruncated) return refuse('only the beginning of its value is kept');
  let event: Cloud;
  try {
    event = JSON.parse(value.toString('utf8')) as Cloud;
  } catch {
    return refuse('still invalid: the value is not JSON');
  }
  const contract = (source.topic === TOPICS.commands ? COMMANDS : MESSAGE_READERS).get(event?.type);
  const keepsId = event?.type === messageType('message.refunded');
  const renewed = keepsId ? event : { ...event, id: replayId(letter) };
  const record: OutgoingRecord = {
    topic: source.topic,
    key: typeof event?.data?.mainAccountId === 'string' ? event.data.mainAccountId : '',
    value: JSON.stringify(renewed),
    headers: { [REPLAY_HEADER]: letter.id },
  };
  const invalid = problemOf(record, renewed, contract);
  if (invalid !== null || !contract) return refuse(`still invalid: ${invalid}`);
  return { ...identify(contract.name, renewed), letter, record, name: contract.name };
}

/** Why the ledger would dead-letter it again, as far as the record itself shows. */
function problemOf(
  record: OutgoingRecord,
  event: unknown,
  contract: { schema: { safeParse(json: unknown): { success: boolean } } } | undefined,
): string | null {
  const parsed = parseRecord({
    topic: record.topic,
    partition: 0,
    offset: 0n,
    key: record.key,
    value: Buffer.from(record.value as string),
    headers: {},
    timestampMs: 0,
  });
  if (parsed.kind === 'refused') return `${parsed.reason}: ${parsed.detail}`;
  // The ledger does not read a status, but the gateway does.
  return contract?.schema.safeParse(event).success ? null : 'invalid-data: it does not fit its contract';
}

function identify(
  name: string,
  { id, data }: Cloud,
): Pick<Replay, 'kind' | 'id' | 'mainAccountId' | 'subAccountId'> {
  const accounts = { mainAccountId: data.mainAccountId, subAccountId: data.subAccountId ?? null };
  if (name === 'message.sent') return { ...accounts, kind: 'sent', id: data.messageId as string };
  if (name === 'message.refunded') return { ...accounts, kind: 'refunded', id };
  return { ...accounts, kind: name === 'message.status' ? 'status' : 'command', id };
}
