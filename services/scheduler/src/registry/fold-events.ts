import { isNewer } from '@subledger/contracts';
import { nextPeriod, periodStart } from '@subledger/core';
import type { LedgerEvent, RollOutcome } from './ledger-event.js';

/** A main account of the registry. */
export interface RegistryRow {
  readonly mainAccountId: string;
  readonly timeZone: string;
  readonly period: string;
  /** Epoch milliseconds. */
  readonly nextMonthStart: number;
  readonly generation: number;
  readonly sequence: number;
}

/** The ledger's answer to one month start of one main account. */
export interface RollAnswer {
  readonly mainAccountId: string;
  readonly period: string;
  readonly outcome: RollOutcome;
  /** Month start, epoch milliseconds. */
  readonly dueAt: number;
  /** Broker time of the roll or refusal, epoch milliseconds. */
  readonly at: number;
  readonly generation: number;
}

export interface Folded {
  /** Rows that are newer than what was stored, sorted by id. */
  readonly changed: RegistryRow[];
  /** One per main account and period, sorted by id and period. */
  readonly answers: RollAnswer[];
}

/**
 * Applies a batch of events to the registry. Per main account the newest state wins, by (generation, sequence). A
 * duplicate or an older event changes nothing.
 *
 *
 * @param stored existing rows of the batch's main accounts
 */
export function foldEvents(stored: ReadonlyMap<string, RegistryRow>, events: readonly LedgerEvent[]): Folded {
  const current = new Map(stored);
  const changed = new Set<string>();
  const answers = new Map<string, RollAnswer>();
  for (const event of events) {
    const before = current.get(event.mainAccountId);
    if (event.outcome) addAnswer(answers, toAnswer(event, event.outcome, before));
    if (event.state && isNewer(event, before)) {
      current.set(event.mainAccountId, toRow(event, event.state));
      changed.add(event.mainAccountId);
    }
  }
  return {
    // Sorted, so that two transactions lock rows in the same order.
    changed: [...changed].sort().map((id) => current.get(id) as RegistryRow),
    answers: [...answers.keys()].sort().map((key) => answers.get(key) as RollAnswer),
  };
}

function toRow(event: LedgerEvent, state: NonNullable<LedgerEvent['state']>): RegistryRow {
  const { mainAccountId, generation, sequence } = event;
  return { mainAccountId, generation, sequence, ...state };
}

function toAnswer(event: LedgerEvent, outcome: RollOutcome, before: RegistryRow | undefined): RollAnswer {
  return {
    mainAccountId: event.mainAccountId,
    period: outcome.period,
    outcome,
    dueAt: monthStartOf(outcome.period, event, before),
    at: event.at,
    generation: event.generation,
  };
}

/**
 * The month start that was answered. If the registry's own instant is the due one, it counts, because a new time zone
 * takes effect only afterwards. Otherwise it is computed in the currently known zone.
 */
function monthStartOf(period: string, event: LedgerEvent, before: RegistryRow | undefined): number {
  if (before && nextPeriod(before.period) === period) return before.nextMonthStart;
  const zone = before?.timeZone ?? event.state?.timeZone;
  return zone === undefined ? event.at : periodStart(period, zone);
}

/** A roll outweighs all other answers. Of two refusals the later counts. */
const WEIGHT = { rejected: 0, 'already-rolled': 1, rolled: 2 } as const;

function addAnswer(answers: Map<string, RollAnswer>, answer: RollAnswer): void {
  const key = `${answer.mainAccountId} ${answer.period}`;
  const other = answers.get(key);
  const isOlder = other !== undefined && other.generation > answer.generation;
  const isLighter =
    other !== undefined &&
    other.generation === answer.generation &&
    WEIGHT[other.outcome.kind] > WEIGHT[answer.outcome.kind];
  if (!isOlder && !isLighter) answers.set(key, answer);
}
