import type { Input } from '../input.js';
import type { DomainEvent } from '../outcome.js';
import type { Transfer } from '../state.js';
import { check, equal } from './check.js';

/** Every allowed transfer, as `<kind> <from>><to>`. */
const MOVES = new Set([
  'purchase purchased>main',
  'adjustment purchased>main',
  'adjustment main>purchased',
  'limit-grant main>sub',
  'limit-return sub>main',
  'month-return sub>main',
  'deactivation-return sub>main',
  'message-charge sub>used',
  'message-overage main>used',
  'overage-repayment used>main',
  'overage-repayment hold>main',
  'hold-placement sub>hold',
  'hold-settlement hold>used',
  'hold-release hold>sub',
  'hold-release hold>main',
  'refund used>sub',
  'refund used>main',
]);
const OF_MESSAGES = /^(message|overage|hold|refund)/;
const typeOf = (account: string) => account.split(':')[0] as string;
const idOf = (account: string) => account.slice(account.indexOf(':') + 1);

/** The fields of an event that its transfers must match. */
interface Said {
  readonly messageId?: string;
  readonly period?: string | null;
  readonly reference?: string;
  readonly reason?: string;
  readonly closed?: { readonly period: string };
}

/**
 * Checks that each transfer names the same sub-account, message, period and reference as its event and its accounts.
 */
export function auditTransfers(events: readonly DomainEvent[], periodBefore: string, input: Input): void {
  let current = periodBefore;
  const rolled = events.find(({ name }) => name === 'period.rolled');
  if (rolled) current = (rolled.detail as { to: string }).to;
  for (const event of events)
    for (const move of event.transfers) {
      check(
        MOVES.has(`${move.kind} ${typeOf(move.from)}>${typeOf(move.to)}`),
        () => `a ${move.kind} from ${move.from} to ${move.to}`,
      );
      auditNames(move, event, input);
      const said = event.detail as Said;
      const own = move.kind === 'month-return' ? said.closed?.period : (said.period ?? current);
      equal(move.period, own, `period of a ${move.kind}`);
    }
}

function auditNames(move: Transfer, event: DomainEvent, input: Input): void {
  const said = event.detail as Said;
  const what = `of a ${move.kind}`;
  const bought = move.kind === 'purchase' || move.kind === 'adjustment';
  equal(move.subAccountId, bought ? null : event.subAccountId, `sub-account ${what}`);
  for (const account of [move.from, move.to]) {
    if (typeOf(account) === 'sub') equal(move.subAccountId, idOf(account), `sub-account ${what}`);
    if (typeOf(account) === 'hold') equal(move.messageId, idOf(account), `message ${what}`);
  }
  const message = OF_MESSAGES.test(move.kind) ? (said.messageId ?? '') : null;
  equal(move.messageId, message, `message ${what}`);
  const requested = input.kind === 'command' ? (input.data as Said) : {};
  const reference = bought ? (requested.reference ?? requested.reason) : (message ?? '');
  equal(move.reference, reference, `reference ${what}`);
}
