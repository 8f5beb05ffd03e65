import { referenceKey } from '@subledger/core';
import type { ParsedCommand, ParsedMessage, ParsedRecord } from '@subledger/wire';
import type { OwnedId, TouchedIds } from '../store/known.js';

/** The holds, charges, refunds, references and command ids that these records may need. */
export function touchedIds(records: readonly ParsedRecord[]): TouchedIds {
  const holds: OwnedId[] = [];
  const charges: OwnedId[] = [];
  const refunds: OwnedId[] = [];
  const references: OwnedId[] = [];
  const commands: OwnedId[] = [];
  const touch = ({ input }: ParsedCommand | ParsedMessage) => {
    const { mainAccountId } = input;
    switch (input.kind) {
      case 'message.sent':
        holds.push({ mainAccountId, id: input.messageId });
        charges.push({ mainAccountId, id: input.messageId });
        break;
      case 'message.refunded':
        charges.push({ mainAccountId, id: input.messageId });
        refunds.push({ mainAccountId, id: input.refundId });
        break;
      case 'command':
        if (input.name === 'hold.place' || input.name === 'hold.release') {
          holds.push({ mainAccountId, id: input.data.messageId });
          charges.push({ mainAccountId, id: input.data.messageId });
        }
        if (input.name === 'points.purchase' || input.name === 'points.adjust') {
          const key = referenceKey(input);
          if (key !== null) references.push({ mainAccountId, id: key });
        }
        break;
    }
  };
  for (const parsed of records) {
    if (parsed.kind === 'command')
      commands.push({ mainAccountId: parsed.input.mainAccountId, id: parsed.id });
    if (parsed.kind === 'refused' && parsed.command)
      commands.push({ mainAccountId: parsed.command.mainAccountId, id: parsed.command.id });
    if (parsed.kind === 'command' || parsed.kind === 'message') touch(parsed);
  }
  return { holds, charges, refunds, references, commands };
}
