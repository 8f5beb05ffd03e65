import { type CloudEvent, eventType, makeCloudEvent, rollCommandId } from '@subledger/contracts';
import { nextPeriod, periodStart } from '@subledger/core';

/** The fields of a sample main account that tests vary. */
export interface SampleState {
  readonly mainAccountId: string;
  readonly timeZone?: string;
  readonly period?: string;
  readonly generation?: number;
  readonly sequence?: number;
  /** ISO instant. Default: the month after `period` in the zone. */
  readonly nextMonthStart?: string;
  /** Broker time of the cause, ISO instant. */
  readonly at?: string;
}

const filled = (state: SampleState) => {
  const timeZone = state.timeZone ?? 'Asia/Tokyo';
  const period = state.period ?? '2026-11';
  return {
    timeZone,
    period,
    generation: state.generation ?? 0,
    sequence: state.sequence ?? 1,
    at: state.at ?? '2026-11-20T00:00:00.000Z',
    nextMonthStart: state.nextMonthStart ?? new Date(periodStart(nextPeriod(period), timeZone)).toISOString(),
  };
};

/** A complete event as the ledger would publish it, with every field of the contract. */
export function sampleEvent(
  name: 'main-account.opened' | 'points.purchased' | 'period.rolled' | 'period.already-rolled',
  state: SampleState,
  extra: Record<string, unknown> = {},
  cause: { kind: string; id: string; type: string } = {
    kind: 'command',
    id: 'cmd-1',
    type: 'subledger.main-account.open.v1',
  },
): CloudEvent {
  const { timeZone, period, nextMonthStart, generation, sequence, at } = filled(state);
  return makeCloudEvent(eventType(name), {
    id: `${state.mainAccountId}:${generation}:${sequence}`,
    source: '/subledger/ledger',
    subject: state.mainAccountId,
    time: at,
    data: {
      mainAccountId: state.mainAccountId,
      generation,
      sequence,
      at,
      cause,
      transfers: [],
      mainAccount: {
        plan: 'prepay',
        timeZone,
        creditLimit: '0',
        fundingPolicy: 'full',
        feature: 'active',
        suspended: false,
        period,
        nextMonthStart,
        balance: '0',
        available: '0',
        allocated: '0',
        held: '0',
        purchased: '0',
        used: '0',
        activeSubAccounts: 0,
      },
      ...extra,
    },
  });
}

const rollCause = (mainAccountId: string, period: string) => ({
  kind: 'command',
  id: rollCommandId(mainAccountId, period),
  type: 'subledger.period.roll.v1',
});

/** The summary of a month start. The main account is in `period` afterwards. */
export function rolledEvent(
  state: SampleState & { period: string },
  funding = { funded: 1, unfunded: 0 },
): CloudEvent {
  const extra = { from: '2000-01', to: state.period, returned: '0', granted: '0', ...funding };
  return sampleEvent('period.rolled', state, extra, rollCause(state.mainAccountId, state.period));
}

export function alreadyRolledEvent(state: SampleState & { period: string }): CloudEvent {
  const cause = rollCause(state.mainAccountId, state.period);
  return sampleEvent('period.already-rolled', state, { period: state.period }, cause);
}

/** A refused roll into `rollInto`. */
export function refusedEvent(state: SampleState & { rollInto: string }, code: string): CloudEvent {
  const cause = rollCause(state.mainAccountId, state.rollInto);
  return { ...sampleEvent('points.purchased', state, { code }, cause), type: eventType('command.rejected') };
}

export const toValue = (event: unknown): Buffer => Buffer.from(JSON.stringify(event));
