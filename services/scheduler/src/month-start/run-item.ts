import type { RegistryRow, RollAnswer } from '../registry/fold-events.js';
import type { DuePeriod } from './due-periods.js';

/** claimed: about to be sent. emitted: the broker has it. rolled, failed: the ledger has answered. */
export type ItemState = 'claimed' | 'emitted' | 'rolled' | 'failed';

/** One month start of one main account. Instants are epoch milliseconds. */
export interface RunItem {
  readonly period: string;
  readonly mainAccountId: string;
  readonly dueAt: number;
  readonly state: ItemState;
  readonly attempts: number;
  /** Null once rolled. */
  readonly retryAt: number | null;
  readonly answeredAt: number | null;
  readonly funded: number;
  readonly unfunded: number;
  readonly code: string | null;
  readonly generation: number;
}

/** The change of a run's counters for a change of an item. */
export interface RunDelta {
  readonly period: string;
  readonly dueAt: number;
  readonly due: number;
  readonly rolled: number;
  readonly failed: number;
  readonly unfunded: number;
  readonly unfundedSubAccounts: number;
  readonly lagMs: number;
}

export interface ItemChange {
  readonly item: RunItem;
  readonly delta: RunDelta;
}

export interface RetryPolicy {
  /** Milliseconds without an answer after which a roll is sent again. Doubles up to `maxAnswerMs`. */
  readonly answerMs: number;
  readonly maxAnswerMs: number;
  /** Milliseconds after which a refused roll is sent again. Doubles up to `maxRefusedMs`. */
  readonly refusedMs: number;
  readonly maxRefusedMs: number;
  /** 0 to below 1. Spreads the retries of rolls that failed together. */
  readonly random: () => number;
}

/** It never gives up, because a month start that is not repeated would be lost. The pauses limit the load. */
export const defaultRetryPolicy = (answerMs: number): RetryPolicy => ({
  answerMs,
  maxAnswerMs: Math.max(answerMs, 5 * 60_000),
  refusedMs: 30_000,
  maxRefusedMs: 60 * 60_000,
  random: Math.random,
});

const backoff = (firstMs: number, maxMs: number, attempts: number, random: () => number): number =>
  Math.round(Math.min(maxMs, firstMs * 2 ** Math.min(attempts - 1, 20)) * (1 + random() * 0.2));

/**
 * Claims a month start.
 * @param force also one that was sent a moment ago (same id, so harmless)
 * @returns undefined if it is rolled, or sent and still within its time
 */
export function claim(
  account: RegistryRow,
  due: DuePeriod,
  stored: RunItem | undefined,
  nowMs: number,
  policy: RetryPolicy,
  force = false,
): ItemChange | undefined {
  if (stored && !force && !isStale(stored, account) && (stored.retryAt === null || stored.retryAt > nowMs)) {
    return undefined;
  }
  if (stored?.state === 'rolled' && !isStale(stored, account)) return undefined;
  const attempts = (stored?.attempts ?? 0) + 1;
  const item: RunItem = {
    period: due.period,
    mainAccountId: account.mainAccountId,
    // The first claim's instant stays: a command id must always have the same content.
    dueAt: stored?.dueAt ?? due.dueAt,
    state: 'claimed',
    attempts,
    retryAt: nowMs + backoff(policy.answerMs, policy.maxAnswerMs, attempts, policy.random),
    answeredAt: null,
    funded: 0,
    unfunded: 0,
    code: null,
    generation: account.generation,
  };
  return { item, delta: deltaOf(stored, item) };
}

/**
 * Whether the ledger's books went back to before this roll: a restored database raises the generation. It must be rolled
 * again. Only due periods are asked about, so the main account is still in the period before.
 */
const isStale = (item: RunItem, account: RegistryRow): boolean =>
  item.state === 'rolled' && item.generation < account.generation;

/**
 * Applies an answer of the ledger to an item. A roll that the scheduler did not request (traffic came first) gets its
 * item here. A refusal never replaces a roll.
 * @returns undefined if nothing changes
 */
export function settle(
  answer: RollAnswer,
  stored: RunItem | undefined,
  nowMs: number,
  policy: RetryPolicy,
): ItemChange | undefined {
  const { outcome } = answer;
  if (stored?.state === 'rolled' && stored.generation >= answer.generation) return undefined;
  if (outcome.kind === 'rejected' && stored === undefined) return undefined;
  const base = {
    period: answer.period,
    mainAccountId: answer.mainAccountId,
    dueAt: stored?.dueAt ?? answer.dueAt,
    attempts: stored?.attempts ?? 0,
    answeredAt: answer.at,
    generation: answer.generation,
  };
  const item: RunItem =
    outcome.kind === 'rejected'
      ? {
          ...base,
          state: 'failed',
          retryAt: nowMs + backoff(policy.refusedMs, policy.maxRefusedMs, base.attempts, policy.random),
          funded: 0,
          unfunded: 0,
          code: outcome.code,
        }
      : {
          ...base,
          state: 'rolled',
          retryAt: null,
          // Only the roll itself has figures. A later "already" must not erase them.
          funded: outcome.kind === 'rolled' ? outcome.funded : (stored?.funded ?? 0),
          unfunded: outcome.kind === 'rolled' ? outcome.unfunded : (stored?.unfunded ?? 0),
          code: null,
        };
  return { item, delta: deltaOf(stored, item) };
}

function deltaOf(before: RunItem | undefined, after: RunItem): RunDelta {
  const is = (item: RunItem | undefined, state: ItemState) => (item?.state === state ? 1 : 0);
  const short = (item: RunItem | undefined) => (item && item.unfunded > 0 ? 1 : 0);
  const lagMs = after.state === 'rolled' ? Math.max(0, (after.answeredAt ?? 0) - after.dueAt) : 0;
  return {
    period: after.period,
    dueAt: after.dueAt,
    due: before ? 0 : 1,
    rolled: is(after, 'rolled') - is(before, 'rolled'),
    failed: is(after, 'failed') - is(before, 'failed'),
    unfunded: short(after) - short(before),
    unfundedSubAccounts: after.unfunded - (before?.unfunded ?? 0),
    lagMs,
  };
}
