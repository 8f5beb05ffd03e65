import { commandType, makeCloudEvent, rollCommandId, TOPICS } from '@subledger/contracts';
import { injectTrace, type OutgoingRecord } from '@subledger/kafka';
import { SOURCE } from '../config.js';

/**
 * The command that rolls a main account into a period. All of it follows from the main account, the period and its
 * month start, so a repeat is byte for byte the same. The envelope's `time` is the nominal one.
 */
export function rollCommandRecord(item: {
  readonly mainAccountId: string;
  readonly period: string;
  readonly dueAt: number;
}): OutgoingRecord {
  const { mainAccountId, period } = item;
  const dueAt = new Date(item.dueAt).toISOString();
  const command = makeCloudEvent(commandType('period.roll'), {
    id: rollCommandId(mainAccountId, period),
    source: SOURCE,
    subject: mainAccountId,
    time: dueAt,
    data: { mainAccountId, period, dueAt },
  });
  return {
    topic: TOPICS.commands,
    key: mainAccountId,
    value: JSON.stringify(command),
    headers: injectTrace({ 'content-type': 'application/cloudevents+json' }),
  };
}
