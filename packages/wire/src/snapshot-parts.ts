import { eventType, TOPICS } from '@subledger/contracts';
import {
  formatPoints,
  type MainAccount,
  type PeriodClosing,
  type Points,
  type SubAccount,
  type Transfer,
} from '@subledger/core';
import type { OutgoingRecord } from '@subledger/kafka';
import { type Cause, EVENT_SOURCE } from './event-json.js';
import { instantText } from './instant-text.js';
import { mainAccountJson, subAccountJson, transferJson } from './state-json.js';

/** A transfer with the broker time of its cause, in milliseconds since 1970. */
export type StoredTransfer = Transfer & { readonly at: number };

/** A closed statement, and the late amounts after its close. */
export interface StoredStatement {
  readonly subAccountId: string;
  readonly closing: PeriodClosing;
  readonly lateUsed: Points;
  readonly lateRefunded: Points;
  readonly lateReturned: Points;
  /** Broker time of the close, in milliseconds since 1970. */
  readonly at: number;
}

/** The content of one `snapshot.published`. */
export interface SnapshotPart {
  readonly main: MainAccount;
  readonly generation: number;
  readonly cause: Cause;
  /** Sequence of the event that answered the request. */
  readonly order: number;
  /** Broker time of the request, in milliseconds since 1970. */
  readonly at: number;
  /** Counts from 1. */
  readonly part: number;
  readonly isLast: boolean;
  readonly subAccounts: readonly SubAccount[];
  readonly lines: readonly StoredTransfer[];
  readonly statements: readonly StoredStatement[];
}

/**
 * A part of a snapshot (docs/decisions/0020). Its sequence is that of the main account's last event, so its
 * CloudEvents id contains the request and the part instead.
 */
export function snapshotParts(stated: SnapshotPart): OutgoingRecord {
  const { main, generation, cause, order, part, isLast } = stated;
  const time = instantText(stated.at);
  const id = `${main.id}.${generation}.${order}-${part}`;
  const subs = stated.subAccounts.map((sub) => subAccountJson(main, sub));
  const value =
    `{"specversion":"1.0","id":"${id}","source":"${EVENT_SOURCE}","type":"${eventType('snapshot.published')}"` +
    `,"subject":"${main.id}","time":"${time}","datacontenttype":"application/json"` +
    `,"data":{"mainAccountId":"${main.id}","generation":${generation},"sequence":${main.sequence},"at":"${time}"` +
    `,"cause":{"kind":"${cause.kind}","id":${JSON.stringify(cause.id)},"type":${JSON.stringify(cause.type)}}` +
    `,"transfers":[],"mainAccount":${mainAccountJson(main)},"part":${part},"isLast":${isLast}` +
    `,"transferCount":${main.transferSequence},"subAccounts":[${subs.join(',')}]` +
    `,"lines":[${stated.lines.map(lineJson).join(',')}]` +
    `,"statements":[${stated.statements.map(statementJson).join(',')}]}}`;
  return { topic: TOPICS.events, key: main.id, value };
}

/** `SnapshotTransfer` of the contracts: a transfer with its time. */
const lineJson = (line: StoredTransfer): string =>
  `${transferJson(line).slice(0, -1)},"at":"${instantText(line.at)}"}`;

/** `SnapshotStatement` of the contracts. */
function statementJson(statement: StoredStatement): string {
  const { closing, lateUsed, lateRefunded, lateReturned } = statement;
  const { period, ...figures } = closing;
  const amounts = Object.entries({ ...figures, lateUsed, lateRefunded, lateReturned } as Record<
    string,
    Points
  >)
    .map(([name, points]) => `,"${name}":"${formatPoints(points)}"`)
    .join('');
  return `{"subAccountId":"${statement.subAccountId}","period":"${period}"${amounts},"at":"${instantText(statement.at)}"}`;
}
