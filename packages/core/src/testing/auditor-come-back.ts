import type { Books } from '../books.js';
import type { Input } from '../input.js';
import type { Decision, DomainEvent } from '../outcome.js';
import type { Hold, MainAccount, SubAccount } from '../state.js';
import { detailOf } from './auditor.js';
import { figuresOf } from './auditor-limits.js';
import { equal } from './check.js';

/** The rows before the decision. */
export interface Before {
  readonly main: MainAccount | null;
  readonly subs: ReadonlyMap<string, SubAccount>;
  readonly holds: ReadonlyMap<string, Hold>;
}

/** Points returned in this event, and the period that they belong to. */
function comeBack(event: DomainEvent, before: Before, books: Books) {
  if (event.name === 'message.credited') {
    const { points, period } = detailOf(event, 'message.credited');
    return { points, period, used: -points, held: 0n };
  }
  const messageId = (event.detail as { messageId?: string }).messageId ?? '';
  const hold = before.holds.get(messageId);
  if (hold?.state !== 'open' || books.holds.get(messageId)?.state === 'open') return null;
  if (event.name === 'hold.released')
    return { points: hold.points, period: hold.period, used: 0n, held: -hold.points };
  if (event.name !== 'message.charged') return null;
  const fact = detailOf(event, 'message.charged');
  return { points: hold.points - fact.fromHold, period: hold.period, used: fact.points, held: -hold.points };
}

/**
 * Checks returned points. If the sub-account is active and the period is open, they repay its overage and then fill
 * it up to T. All others go to main.
 */
export function auditComeBack(
  books: Books,
  before: Before,
  input: Input,
  decision: Extract<Decision, { kind: 'decided' }>,
): void {
  const main = before.main;
  if (!main || input.kind === 'clock') return;
  for (const event of decision.events) {
    const back = comeBack(event, before, books);
    const sub = before.subs.get(event.subAccountId ?? '');
    if (!back || !sub || back.points === 0n) continue;
    const was = figuresOf(sub, main.period);
    const open = sub.lifecycle === 'active' && back.period === main.period;
    const repaid = open ? least(back.points, was.overage) : 0n;
    const target = most(
      0n,
      sub.limit + (sub.period === main.period ? sub.boost : 0n) - was.used - was.held - back.used - back.held,
    );
    const toSub = open ? least(back.points - repaid, most(0n, target - sub.remaining)) : 0n;
    const into = (kind: string) =>
      event.transfers
        .filter(({ from, to }) => (from === 'used' || from.startsWith('hold:')) && to.startsWith(kind))
        .reduce((sum, { amount }) => sum + amount, 0n);
    equal(into('sub:'), toSub, `came back to ${sub.id}`);
    equal(into('main'), back.points - toSub, 'came back to main');
    const now = books.subAccounts.get(sub.id) as SubAccount;
    if (open) equal(now.overage, was.overage - repaid, `overage of ${sub.id}`);
  }
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);
const most = (a: bigint, b: bigint) => (a > b ? a : b);
