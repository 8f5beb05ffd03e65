import { COMMAND_DATA, commandType, makeCloudEvent } from '@subledger/contracts';
import type { CommandDraft } from './operation.js';

/** CloudEvents source of the gateway's commands. */
const SOURCE = '/subledger/gateway';

/**
 * The command as a record for the topic. It is validated here, so that a mistake of ours fails at once and not in the
 * ledger.
 */
export function toEvent(id: string, { name, data }: CommandDraft): string {
  const event = makeCloudEvent(commandType(name), {
    id,
    source: SOURCE,
    time: new Date().toISOString(),
    subject: data.mainAccountId,
    data: COMMAND_DATA[name].parse(data),
  });
  return JSON.stringify(event);
}
