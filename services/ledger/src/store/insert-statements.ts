import { bigint, plainArray, Table, text, textArray, timestamptz } from '@subledger/database';
import type { Lease } from './lane-lease.js';
import type { CommandRow, JournalBlock, TransferRow } from './rows.js';
import { inserting, type LaneStatement, unconditional } from './statement.js';

/** Rows that are only inserted: the journal, the transfers, command ids. */

/** A block of rows of the lane with this lease. */
export interface LaneBlock {
  readonly lease: Pick<Lease, 'lane' | 'generation'>;
  readonly block: JournalBlock;
}

const SEPARATOR = Buffer.from([0x1e]);

/** Blocks of different lanes in one SQL statement. */
export function insertJournal(blocks: readonly LaneBlock[]): LaneStatement {
  const rows = blocks.flatMap(({ lease, block }) => block.rows.map((row) => ({ lease, row })));
  return unconditional(
    'ledger-journal',
    `INSERT INTO journal (main_account_id, sequence, lane, lane_sequence, generation, type, at, cause_kind,
        cause_id, payload, position)
      SELECT main, seq, lane, lane_seq, generation, type, at, kind, cause, payload, position
        FROM unnest($1::int[], $2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::timestamptz[],
             $8::text[], $9::text[], string_to_array($10::text, E'\\x1e'), $11::bigint[])
          AS new (lane, generation, main, seq, lane_seq, type, at, kind, cause, payload, position)`,
    [
      plainArray(rows.map(({ lease }) => lease.lane)),
      plainArray(rows.map(({ lease }) => lease.generation)),
      textArray(rows.map(({ row }) => row.mainAccountId)),
      plainArray(rows.map(({ row }) => row.sequence)),
      plainArray(rows.map(({ row }) => row.laneSequence)),
      textArray(rows.map(({ row }) => row.type)),
      textArray(rows.map(({ row }) => row.at)),
      textArray(rows.map(({ row }) => row.causeKind)),
      textArray(rows.map(({ row }) => row.causeId)),
      // `pg` sends a Buffer unchanged, and the binary form of a text is its UTF-8.
      joined(blocks.map(({ block }) => block.payloads)),
      plainArray(rows.map(({ row }) => row.position)),
    ],
  );
}

function joined(payloads: readonly Buffer[]): Buffer {
  const [only] = payloads;
  if (only && payloads.length === 1) return only;
  return Buffer.concat(payloads.flatMap((one, index) => (index === 0 ? [one] : [SEPARATOR, one])));
}

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
  bigint('event_sequence', (row) => row.eventSequence),
  timestamptz('at', (row) => row.at),
  text('payload', (row) => row.payload),
]);
export const insertCommands = inserting('ledger-commands', COMMANDS);
