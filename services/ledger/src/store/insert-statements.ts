import { bigint, int, Table, text, timestamptz } from '@subledger/database';
import type { CommandRow, TransferRow } from './rows.js';
import { inserting } from './statement.js';

/** Rows that are only inserted: the transfers, command ids. `journal/journal-store.ts` inserts the journal. */

const TRANSFERS = new Table<TransferRow>('transfers', [
  text('main_account_id', (row) => row.mainAccountId),
  bigint('sequence', (row) => row.transfer.sequence),
  bigint('event_sequence', (row) => row.eventSequence),
  text('kind', (row) => row.transfer.kind),
  text('debit_account', (row) => row.transfer.from),
  text('credit_account', (row) => row.transfer.to),
  bigint('amount', (row) => row.transfer.amount),
  bigint('debit_balance', (row) => row.transfer.fromBalance),
  bigint('credit_balance', (row) => row.transfer.toBalance),
  text('sub_account_id', (row) => row.transfer.subAccountId),
  text('message_id', (row) => row.transfer.messageId),
  text('period', (row) => row.transfer.period),
  text('reference', (row) => row.transfer.reference),
  timestamptz('at', (row) => row.at),
]);
export const insertTransfers = inserting('ledger-transfers', TRANSFERS);

const COMMANDS = new Table<CommandRow>('commands', [
  text('main_account_id', (row) => row.mainAccountId),
  text('command_id', (row) => row.commandId),
  text('content_hash', (row) => row.contentHash),
  int('lane', (row) => row.lane),
  bigint('lane_sequence', (row) => row.laneSequence),
  timestamptz('at', (row) => row.at),
  text('payload', (row) => row.payload),
]);
export const insertCommands = inserting('ledger-commands', COMMANDS);
