import { randomUUID } from 'node:crypto';
import {
  type CloudEvent,
  type CommandInput,
  type CommandName,
  commandType,
  makeCloudEvent,
  TOPICS,
} from '@subledger/contracts';
import type { OutgoingRecord } from '@subledger/kafka';

export interface EnvelopeFields {
  readonly id?: string;
  readonly source?: string;
  /** ISO instant. Default: now. */
  readonly time?: string;
}

export const TEST_SOURCE = '/test';

/** Fills envelope fields that the test does not set. */
export function envelopeFields(fields: EnvelopeFields): { id: string; source: string; time: string } {
  return {
    id: fields.id ?? randomUUID(),
    source: fields.source ?? TEST_SOURCE,
    time: fields.time ?? new Date().toISOString(),
  };
}

/** A command as its CloudEvent: `command('limit.change', { mainAccountId, subAccountId, limit: '500' })`. */
export function command<Name extends CommandName>(
  name: Name,
  data: CommandInput<Name>,
  fields: EnvelopeFields = {},
): CloudEvent<`subledger.${Name}.v1`, CommandInput<Name>> {
  return makeCloudEvent(commandType(name), { ...envelopeFields(fields), data });
}

/** The command's record. Its key is the main account. */
export function commandRecord(event: CloudEvent<string, { mainAccountId: string }>): OutgoingRecord {
  return { topic: TOPICS.commands, key: event.data.mainAccountId, value: JSON.stringify(event) };
}
