import { type EventData, isNewer, type SubAccountState, type WebhookEventData } from '@subledger/contracts';
import type { LedgerEvent } from '../events/parse-events.js';
import { suspensionOf } from '../events/suspension.js';
import { figuresOf, type Mark, type PreviousSubState, stepOf } from './previous-sub-state.js';
import type { AnyWebhookEvent } from './webhook-event.js';

/** The position up to which the read model has a main account's events. */
export interface Position {
  readonly generation: number;
  readonly sequence: number;
}

/** The read model's states before a batch. */
export interface PreviousStates {
  /** By main account. */
  readonly positions: ReadonlyMap<string, Position>;
  /** By `subKey`. */
  readonly subs: ReadonlyMap<string, PreviousSubState>;
  /** Names of sub-accounts, by `subKey`. */
  readonly names: ReadonlyMap<string, string>;
}

export interface Found {
  readonly webhookEvents: readonly AnyWebhookEvent[];
  /** The states after the batch. */
  readonly previous: PreviousStates;
}

export const subKey = (mainAccountId: string, subAccountId: string): string =>
  `${mainAccountId} ${subAccountId}`;

/**
 * Finds the webhook events of a batch of the ledger's events. Pure. Events that the read model already has are left
 * out, so that splitting and repeating batches makes no difference.
 */
export function findWebhookEvents(events: readonly LedgerEvent[], before: PreviousStates): Found {
  const positions = new Map(before.positions);
  const subs = new Map(before.subs);
  const webhookEvents: AnyWebhookEvent[] = [];
  for (const event of events) {
    const { mainAccountId, generation, sequence } = event.data;
    const position = { generation, sequence };
    // Sequence 0 is a refusal without books.
    if (sequence === 0 || !isNewer(position, positions.get(mainAccountId))) continue;
    positions.set(mainAccountId, position);
    if (event.name === 'command.rejected') continue;
    if (event.name === 'period.rolled') webhookEvents.push(periodRolled(event));
    webhookEvents.push(...ofSending(event));
    const state = (event.data as { subAccount?: SubAccountState }).subAccount;
    if (state) webhookEvents.push(...ofSubAccount(event, state, subs, before.names));
  }
  return { webhookEvents, previous: { positions, subs, names: before.names } };
}

function ofSubAccount(
  event: LedgerEvent,
  state: SubAccountState,
  subs: Map<string, PreviousSubState>,
  names: PreviousStates['names'],
): AnyWebhookEvent[] {
  const key = subKey(event.data.mainAccountId, state.subAccountId);
  const before = subs.get(key);
  const { crossed, previous } = stepOf(before, figuresOf(state), {
    isExceeded: event.name === 'limit.exceeded',
    isFunded: event.name === 'sub-account.funded',
  });
  subs.set(key, previous);
  const data = subAccountData(event, state, names.get(key) ?? state.subAccountId);
  const found = crossed.map((mark) => ofMark(event, mark, data));
  const wasStopped = before === undefined ? event.name === 'sub-account.deactivated' : before.isActive;
  if (wasStopped && !previous.isActive)
    found.push({ ...common(event, 'sub-account.deactivated'), type: 'sub-account.deactivated', data });
  return found;
}

function ofMark(event: LedgerEvent, mark: Mark, data: WebhookEventData<'limit.reached-80'>): AnyWebhookEvent {
  if (mark === 'unfunded')
    return { ...common(event, 'sub-account.unfunded'), type: 'sub-account.unfunded', data };
  if (mark !== 'exceeded') {
    const type = `limit.${mark}` as const;
    return { ...common(event, type), type, data };
  }
  const { messageId, points, overage } = event.data as EventData<'limit.exceeded'>;
  return {
    ...common(event, 'limit.exceeded'),
    type: 'limit.exceeded',
    data: { ...data, messageId, messagePoints: points, messageOverage: overage },
  };
}

/** The key of an event: one event has at most one of each type. */
function common({ data }: LedgerEvent, type: string) {
  const { mainAccountId, generation, sequence } = data;
  const at = new Date(data.at).toISOString();
  return { mainAccountId, at, dedupeKey: `${generation}.${sequence}.${type}` };
}

function subAccountData(
  { data }: LedgerEvent,
  state: SubAccountState,
  subAccount: string,
): WebhookEventData<'limit.reached-80'> {
  const { subAccountId, status, period, limit, boost, granted, used, overage, held, remaining, shortfall } =
    state;
  const { mainAccountId } = data;
  return {
    mainAccountId,
    subAccountId,
    subAccount,
    status,
    period,
    limit,
    boost,
    granted,
    used,
    overage,
    held,
    remaining,
    shortfall,
  };
}

function ofSending(event: LedgerEvent): AnyWebhookEvent[] {
  const suspension = suspensionOf(event);
  if (!suspension) return [];
  const { mainAccountId, mainAccount } = event.data as EventData<'main-account.sending-stopped'>;
  const { balance, available, suspendBelow = null } = mainAccount;
  const type = suspension.stopped ? 'sending.stopped' : 'sending.resumed';
  const data = { mainAccountId, reason: suspension.reason, balance, available, suspendBelow };
  return [{ ...common(event, type), type, data }];
}

function periodRolled(event: LedgerEvent): AnyWebhookEvent {
  const { mainAccountId, from, to, returned, granted, funded, unfunded, mainAccount } =
    event.data as EventData<'period.rolled'>;
  const { balance, available } = mainAccount;
  return {
    ...common(event, 'period.rolled'),
    type: 'period.rolled',
    data: { mainAccountId, from, to, returned, granted, funded, unfunded, balance, available },
  };
}
