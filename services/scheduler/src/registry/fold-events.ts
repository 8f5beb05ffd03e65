import { isNewer } from '@subledger/contracts';
import { nextPeriod, periodStart } from '@subledger/core';
import type { LedgerEvent, RollOutcome } from './ledger-event.js';

/** A main account as the registry has it. */
export interface RegistryRow {
  readonly mainAccountId: string;
  readonly timeZone: string;
  readonly period: string;
  /** Epoch milliseconds. */
  readonly nextMonthStart: number;
  readonly generation: number;
  readonly sequence: number;
}

/** What the ledger said about one month start of one main account. */
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
 * What a batch of events does to the registry: per main account the newest state wins, by (generation, sequence);
 * a duplicate or an event that came late changes nothing.
 *
 * @param stored rows of the batch's main accounts, as far as they exist
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
 * The month start that was answered. The registry's own instant counts where it is the one that was due, since a new
 * time zone acts only afterwards; otherwise it is computed in the zone that is known now.
 */
function monthStartOf(period: string, event: LedgerEvent, before: RegistryRow | undefined): number {
  if (before && nextPeriod(before.period) === period) return before.nextMonthStart;
  const zone = before?.timeZone ?? event.state?.timeZone;
  return zone === undefined ? event.at : periodStart(period, zone);
}

/** A roll that happened outweighs whatever else was said about it; of two refusals the later counts. */
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
