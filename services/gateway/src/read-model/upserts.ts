import type { MainAccountState } from '@subledger/contracts';
import { parsePoints } from '@subledger/core';
import { bigint, bool, int, Table, text, timestamptz } from '@subledger/database';
import type { MainRow, SubRow, TransferRow } from './fold-events.js';
import { upserting } from './upserting.js';

const orNull = (text: string | null): bigint | null => (text === null ? null : parsePoints(text));

/** Older ledgers had a single reason, an operator. */
const suspensionsIn = ({ suspended, suspensions }: MainAccountState): readonly string[] =>
  suspensions ?? (suspended ? ['operator'] : []);

/** Writes only rows that are newer by (generation, sequence). Duplicates and late events change nothing. */
export const IS_NEWER = '(excluded.generation, excluded.sequence) > (t.generation, t.sequence)';

const MAINS = new Table<MainRow>('main_account_state', [
  text('main_account_id', (r) => r.mainAccountId),
  int('generation', (r) => r.generation),
  bigint('sequence', (r) => r.sequence),
  timestamptz('at', (r) => r.at),
  text('plan', (r) => r.state.plan),
  text('time_zone', (r) => r.state.timeZone),
  bigint('credit_limit', (r) => orNull(r.state.creditLimit)),
  text('funding_policy', (r) => r.state.fundingPolicy),
  text('feature', (r) => r.state.feature),
  bool('suspended', (r) => r.state.suspended),
  text('period', (r) => r.state.period),
  timestamptz('next_month_start', (r) => r.state.nextMonthStart),
  bigint('balance', (r) => parsePoints(r.state.balance)),
  bigint('available', (r) => orNull(r.state.available)),
  bigint('allocated', (r) => parsePoints(r.state.allocated)),
  bigint('held', (r) => parsePoints(r.state.held)),
  bigint('purchased', (r) => parsePoints(r.state.purchased)),
  bigint('used', (r) => parsePoints(r.state.used)),
  int('active_sub_accounts', (r) => r.state.activeSubAccounts),
  // A list of lists would have to be of equal lengths.
  text('suspensions', (r) => suspensionsIn(r.state).join(','), "string_to_array(new.suspensions, ',')"),
  bigint('suspend_below', (r) => orNull(r.state.suspendBelow ?? null)),
  text('next_time_zone', (r) => r.state.nextTimeZone ?? null),
]);
export const mainsUpsert = upserting('mains', MAINS, { key: ['main_account_id'], where: IS_NEWER });

const SUBS = new Table<SubRow>('sub_account_state', [
  text('main_account_id', (r) => r.mainAccountId),
  text('sub_account_id', (r) => r.state.subAccountId),
  int('generation', (r) => r.generation),
  bigint('sequence', (r) => r.sequence),
  timestamptz('at', (r) => r.at),
  text('lifecycle', (r) => r.state.lifecycle),
  bool('paused', (r) => r.state.paused),
  text('period', (r) => r.state.period),
  bigint('limit_points', (r) => parsePoints(r.state.limit)),
  bigint('next_limit', (r) => orNull(r.state.nextLimit)),
  bigint('boost', (r) => parsePoints(r.state.boost)),
  bigint('granted', (r) => parsePoints(r.state.granted)),
  bigint('used', (r) => parsePoints(r.state.used)),
  bigint('overage', (r) => parsePoints(r.state.overage)),
  bigint('held', (r) => parsePoints(r.state.held)),
  bigint('remaining', (r) => parsePoints(r.state.remaining)),
  bigint('shortfall', (r) => parsePoints(r.state.shortfall)),
  int('priority', (r) => r.state.priority),
  int('ordinal', (r) => r.state.ordinal ?? null),
  bigint('opening', (r) => orNull(r.state.opening ?? null)),
]);
export const subsUpsert = upserting('subs', SUBS, {
  key: ['main_account_id', 'sub_account_id'],
  where: IS_NEWER,
});

/** What a transfer says; the rest tells which one it is, and of which ledger. */
const TRANSFER_CONTENT = [
  timestamptz<TransferRow>('at', (r) => r.at),
  text<TransferRow>('kind', (r) => r.transfer.kind),
  text<TransferRow>('from_kind', (r) => r.transfer.from),
  text<TransferRow>('to_kind', (r) => r.transfer.to),
  bigint<TransferRow>('millipoints', (r) => parsePoints(r.transfer.points)),
  bigint<TransferRow>('main_balance', (r) => balanceOf(r, 'main')),
  bigint<TransferRow>('sub_balance', (r) => balanceOf(r, 'sub')),
  bigint<TransferRow>('main_line', (r) => (balanceOf(r, 'main') === null ? null : r.transfer.sequence)),
  bigint<TransferRow>('sub_line', (r) => (balanceOf(r, 'sub') === null ? null : r.transfer.sequence)),
  text<TransferRow>('sub_account_id', (r) => r.transfer.subAccountId),
  text<TransferRow>('message_id', (r) => r.transfer.messageId),
  text<TransferRow>('period', (r) => r.transfer.period),
  text<TransferRow>('reference', (r) => r.transfer.reference),
];
const TRANSFERS = new Table<TransferRow>('transfer', [
  text('main_account_id', (r) => r.mainAccountId),
  bigint('sequence', (r) => r.transfer.sequence),
  int('generation', (r) => r.generation),
  ...TRANSFER_CONTENT,
]);
const contentOf = (row: string): string => TRANSFER_CONTENT.map(({ name }) => `${row}.${name}`).join(', ');
const TRANSFER_KEY = ['main_account_id', 'sequence'];

/** A transfer never changes. Only a raised generation (a restored ledger) writes its number again. */
export const transfersInsert = upserting('transfers', TRANSFERS, {
  key: TRANSFER_KEY,
  where: 'excluded.generation > t.generation',
});

/**
 * Transfers of a snapshot, which replace different rows with the same number. Those of a ledger that was restored
 * since then change nothing: the rows of the main accounts' states must be as new as these.
 */
export const snapshotTransfersUpsert = upserting('snapshot-transfers', TRANSFERS, {
  key: TRANSFER_KEY,
  where: `(t.generation > excluded.generation OR (${contentOf('t')}) IS DISTINCT FROM (${contentOf('excluded')}))
     AND EXISTS (SELECT FROM main_account_state m
       WHERE m.main_account_id = t.main_account_id AND m.generation <= excluded.generation)`,
});

/** Balance of the account of this kind after the transfer, or null if the transfer does not concern one. */
function balanceOf({ transfer }: TransferRow, kind: 'main' | 'sub'): bigint | null {
  if (transfer.from === kind) return parsePoints(transfer.fromBalance);
  if (transfer.to === kind) return parsePoints(transfer.toBalance);
  return null;
}
