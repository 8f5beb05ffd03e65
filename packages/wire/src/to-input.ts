import type { CommandName, ReadData, CommandData as WireData } from '@subledger/contracts';
import {
  type Command,
  type CommandData,
  type MessageRefunded,
  type MessageSent,
  type Points,
  parsePoints,
} from '@subledger/core';

/** The domain's types do not allow undefined fields, so they must be absent. */
const given = <Key extends string, Value>(key: Key, value: Value | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };

const credit = (text: string | null): Points | null => (text === null ? null : parsePoints(text));
const forSub = (data: { subAccountId: string }) => ({ subAccountId: data.subAccountId });
const nothing = () => ({});

type Mappers = { readonly [Name in CommandName]: (data: WireData<Name>) => CommandData[Name] };

/** Converts each command's validated data from the contract to the domain. */
const COMMAND_MAPPERS: Mappers = {
  'main-account.open': ({ plan, timeZone, creditLimit, fundingPolicy }) => ({
    plan,
    timeZone,
    creditLimit: credit(creditLimit),
    fundingPolicy,
  }),
  'main-account.configure': ({ creditLimit, fundingPolicy, timeZone, suspendBelow }) => ({
    ...given('creditLimit', creditLimit === undefined ? undefined : credit(creditLimit)),
    ...given('fundingPolicy', fundingPolicy),
    ...given('timeZone', timeZone),
    ...given('suspendBelow', suspendBelow === undefined ? undefined : credit(suspendBelow)),
  }),
  'main-account.suspend': nothing,
  'main-account.resume': nothing,
  'feature.activate': nothing,
  'feature.deactivate': nothing,
  'points.purchase': ({ points, reference, allowDuplicateReference }) => ({
    points: parsePoints(points),
    reference,
    ...given('allowDuplicateReference', allowDuplicateReference),
  }),
  'points.adjust': ({ points, reason, allowDuplicateReference }) => ({
    points: parsePoints(points),
    reason,
    ...given('allowDuplicateReference', allowDuplicateReference),
  }),
  'plan.switch': ({ plan }) => ({ plan }),
  'sub-account.open': (data) => ({
    ...forSub(data),
    limit: parsePoints(data.limit),
    ...given('priority', data.priority),
  }),
  'sub-account.configure': (data) => ({ ...forSub(data), priority: data.priority }),
  'limit.change': (data) => ({
    ...forSub(data),
    limit: parsePoints(data.limit),
    effective: data.effective,
  }),
  'limit.boost': (data) => ({ ...forSub(data), points: parsePoints(data.points) }),
  'sub-account.pause': forSub,
  'sub-account.resume': forSub,
  'sub-account.deactivate': forSub,
  'sub-account.reactivate': forSub,
  'sub-account.delete': forSub,
  'hold.place': (data) => ({
    ...forSub(data),
    messageId: data.messageId,
    points: parsePoints(data.points),
    expiresInSeconds: data.expiresInSeconds,
  }),
  'hold.release': ({ subAccountId, messageId, reason }) => ({
    ...given('subAccountId', subAccountId),
    messageId,
    reason,
  }),
  'period.roll': ({ period }) => ({ period }),
  'snapshot.request': ({ history }) => ({ history }),
};

/**
 * A command of the domain.
 * @param at broker time of its record, milliseconds since 1970
 */
export function toCommand(name: CommandName, data: { mainAccountId: string }, at: number): Command {
  const map = COMMAND_MAPPERS[name] as (data: unknown) => CommandData[CommandName];
  return { kind: 'command', name, mainAccountId: data.mainAccountId, at, data: map(data) } as Command;
}

/** A sent message without its content, which is not passed on. */
export function toMessageSent(data: ReadData<'message.sent'>, at: number): MessageSent {
  return {
    kind: 'message.sent',
    mainAccountId: data.mainAccountId,
    at,
    messageId: data.messageId,
    subAccountId: data.subAccountId,
    sentAt: Date.parse(data.sentAt),
    points: parsePoints(data.points),
  };
}

/** A refund. Its id is the CloudEvents id. */
export function toMessageRefunded(
  refundId: string,
  data: ReadData<'message.refunded'>,
  at: number,
): MessageRefunded {
  return {
    kind: 'message.refunded',
    mainAccountId: data.mainAccountId,
    at,
    refundId,
    messageId: data.messageId,
    points: parsePoints(data.points),
  };
}
