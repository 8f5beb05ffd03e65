import {
  commandType,
  EVENT_DATA,
  eventType,
  MAX_RECORD_BYTES,
  mainAccountState,
  type Reading,
  readRecordJson,
  refused,
  rejectedData,
  rollCommandId,
  SKIPPED,
  Unreadable,
  valid,
} from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import { z } from 'zod';

/** The fields of an event's state that the scheduler needs. */
interface RegistryState {
  readonly timeZone: string;
  readonly period: string;
  /** Epoch milliseconds of the next month start. */
  readonly nextMonthStart: number;
}

/** The ledger's answer to a month start, requested by the scheduler or not. */
export type RollOutcome =
  | { readonly kind: 'rolled'; readonly period: string; readonly funded: number; readonly unfunded: number }
  | { readonly kind: 'already-rolled'; readonly period: string }
  | { readonly kind: 'rejected'; readonly period: string; readonly code: string };

export interface LedgerEvent {
  readonly mainAccountId: string;
  readonly generation: number;
  readonly sequence: number;
  /** Broker time of the cause, epoch milliseconds. */
  readonly at: number;
  readonly state?: RegistryState | undefined;
  readonly outcome?: RollOutcome | undefined;
}

/**
 * Only the fields used here are checked, with the contract's own schemas: an invalid sub-account in an event must not
 * hide a month start.
 */
const state = mainAccountState.pick({ timeZone: true, period: true, nextMonthStart: true });
const common = rejectedData
  .pick({ mainAccountId: true, generation: true, sequence: true, at: true, cause: true })
  .extend({ mainAccount: state.optional() });
const rolled = EVENT_DATA['period.rolled'].pick({ to: true, funded: true, unfunded: true });
const alreadyRolled = EVENT_DATA['period.already-rolled'].pick({ period: true });
const rejected = rejectedData.pick({ code: true });
const envelope = z.looseObject({ type: z.string(), data: common });
type Common = z.output<typeof common>;

const ROLLED = eventType('period.rolled');
const ALREADY_ROLLED = eventType('period.already-rolled');
const REJECTED = eventType('command.rejected');
const ROLL_COMMAND = commandType('period.roll');
const EVENT_TYPE_PATTERN = /^subledger\.[a-z-]+\.[a-z-]+\.v1$/;

/** Twice the limit of writers: a month start's summary may be larger than what one command may be. */
const MAX_EVENT_BYTES = 4 * MAX_RECORD_BYTES;

/** Reads one record of `points.events.v1`. Types that are not the ledger's are skipped; the rest must be readable. */
export function readLedgerEvent(record: Pick<KafkaRecord, 'value' | 'undecodable'>): Reading<LedgerEvent> {
  const json = readRecordJson(record, { maxBytes: MAX_EVENT_BYTES, parse: JSON.parse });
  if (json instanceof Unreadable) return json.refused;
  const type = (json as { type?: unknown } | null)?.type;
  if (typeof type === 'string' && !EVENT_TYPE_PATTERN.test(type)) return SKIPPED;
  const parsed = envelope.safeParse(json);
  if (!parsed.success) return refused('invalid-data', z.prettifyError(parsed.error));
  const { data } = parsed.data;
  const outcome = readOutcome(parsed.data.type, data);
  if (outcome instanceof z.ZodError) return refused('invalid-data', z.prettifyError(outcome));
  return valid(toEvent(data, outcome));
}

function toEvent(data: Common, outcome: RollOutcome | undefined): LedgerEvent {
  return {
    mainAccountId: data.mainAccountId,
    generation: data.generation,
    sequence: data.sequence,
    at: Date.parse(data.at),
    outcome,
    state: data.mainAccount && {
      timeZone: data.mainAccount.timeZone,
      period: data.mainAccount.period,
      nextMonthStart: Date.parse(data.mainAccount.nextMonthStart),
    },
  };
}

function readOutcome(type: string, data: Common): RollOutcome | undefined | z.ZodError {
  if (type === ROLLED) {
    const { data: fields, error } = rolled.safeParse(data);
    return error ?? { kind: 'rolled', period: fields.to, funded: fields.funded, unfunded: fields.unfunded };
  }
  if (type === ALREADY_ROLLED) {
    const { data: fields, error } = alreadyRolled.safeParse(data);
    return error ?? { kind: 'already-rolled', period: fields.period };
  }
  if (type === REJECTED && data.cause.type === ROLL_COMMAND) {
    const period = rolledPeriod(data.mainAccountId, data.cause.id);
    const { data: fields, error } = rejected.safeParse(data);
    // Another sender's roll with its own id, which the scheduler does not track.
    if (period === undefined) return undefined;
    return error ?? { kind: 'rejected', period, code: fields.code };
  }
  return undefined;
}

/** The period of a deterministic roll id, or undefined for another id. */
function rolledPeriod(mainAccountId: string, commandId: string): string | undefined {
  const period = commandId.slice(-'YYYY-MM'.length);
  return commandId === rollCommandId(mainAccountId, period) ? period : undefined;
}
