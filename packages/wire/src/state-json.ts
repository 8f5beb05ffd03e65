import {
  allocated,
  available,
  formatPoints,
  granted,
  type MainAccount,
  type Points,
  type SubAccount,
  shortfall,
  statusOf,
  suspensionsOf,
  type Transfer,
} from '@subledger/core';
import { instantText } from './instant-text.js';

/**
 * The states of events as hand-written JSON text. They are most of an event, and `JSON.stringify` with objects made
 * for it takes about three times as long. Our ids, enum words, periods and amounts need no escaping. Values that
 * others choose go through `JSON.stringify`.
 */

const quoted = (points: Points): string => `"${formatPoints(points)}"`;
const orNull = (points: Points | null): string => (points === null ? 'null' : quoted(points));
const textOrNull = (text: string | null): string => (text === null ? 'null' : JSON.stringify(text));

/** `MainAccountState` of the contracts. */
export function mainAccountJson(main: MainAccount): string {
  return (
    `{"plan":"${main.plan}","timeZone":${JSON.stringify(main.timeZone)},"creditLimit":${orNull(main.creditLimit)}` +
    `,"fundingPolicy":"${main.fundingPolicy}","feature":"${main.featureActive ? 'active' : 'inactive'}"` +
    `${suspensionsJson(main)},"period":"${main.period}","nextMonthStart":"${instantText(main.nextMonthStart)}"` +
    `,"balance":${quoted(main.balance)},"available":${orNull(available(main))},"allocated":${quoted(allocated(main))}` +
    `,"held":${quoted(main.held)},"purchased":${quoted(main.purchased)},"used":${quoted(main.used)}` +
    `,"activeSubAccounts":${main.activeSubAccounts}}`
  );
}

/** All sending is stopped if there is at least one reason. */
function suspensionsJson(main: MainAccount): string {
  const found = suspensionsOf(main);
  const reasons = found.length === 0 ? '' : `"${found.join('","')}"`;
  return (
    `,"suspended":${found.length > 0},"suspensions":[${reasons}],"suspendBelow":${orNull(main.suspendBelow)}` +
    `,"nextTimeZone":${textOrNull(main.nextTimeZone)}`
  );
}

/** `SubAccountState` of the contracts. */
export function subAccountJson(main: MainAccount, sub: SubAccount): string {
  return (
    `{"subAccountId":"${sub.id}","lifecycle":"${sub.lifecycle}","paused":${sub.paused}` +
    `,"status":"${statusOf(main, sub)}","period":"${sub.period}","limit":${quoted(sub.limit)}` +
    `,"nextLimit":${orNull(sub.nextLimit)},"boost":${quoted(sub.boost)},"granted":${quoted(granted(sub))}` +
    `,"used":${quoted(sub.used)},"overage":${quoted(sub.overage)},"held":${quoted(sub.held)}` +
    `,"remaining":${quoted(sub.remaining)},"shortfall":${quoted(shortfall(sub))},"priority":${sub.priority}` +
    `,"ordinal":${sub.ordinal},"opening":${quoted(sub.opening)}}`
  );
}

/** The kind of an account from its name: `sub` for `sub:sa_1`. */
const kindOf = (account: string): string => {
  const colon = account.indexOf(':');
  return colon < 0 ? account : account.slice(0, colon);
};

/** `TransferView` of the contracts. */
export function transferJson(transfer: Transfer): string {
  return (
    `{"sequence":${transfer.sequence},"kind":"${transfer.kind}","from":"${kindOf(transfer.from)}"` +
    `,"to":"${kindOf(transfer.to)}","points":${quoted(transfer.amount)}` +
    `,"fromBalance":${quoted(transfer.fromBalance)},"toBalance":${quoted(transfer.toBalance)}` +
    `,"subAccountId":${textOrNull(transfer.subAccountId)},"messageId":${textOrNull(transfer.messageId)}` +
    `,"period":"${transfer.period}","reference":${JSON.stringify(transfer.reference)}}`
  );
}
