import type { OwnedId, TouchedIds } from '../store/load-books.js';
import type { ParsedCommand, ParsedMessage } from '../wire/parsed-record.js';

/** The holds, charges, refunds and command ids that deciding these records may look at. */
export function touchedIds(records: readonly (ParsedCommand | ParsedMessage)[]): TouchedIds {
  const holds: OwnedId[] = [];
  const charges: OwnedId[] = [];
  const refunds: OwnedId[] = [];
  const commands: OwnedId[] = [];
  for (const parsed of records) {
    const { input } = parsed;
    const { mainAccountId } = input;
    if (parsed.kind === 'command') commands.push({ mainAccountId, id: parsed.id });
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
        break;
    }
  }
  return { holds, charges, refunds, commands };
}
