import type { Statement } from '@subledger/database';
import { plainArray, textArray } from '@subledger/database';
import type { Lease } from './lane-lease.js';
import type { CommandRow, JournalBlock, TransferRow } from './rows.js';
import { WHERE_OURS } from './statement.js';

/** Rows that are only inserted: the journal, the transfers, command ids. */

/** A block of rows of the lane with this lease. */
export interface LaneBlock {
  readonly lease: Pick<Lease, 'lane' | 'generation'>;
  readonly block: JournalBlock;
}

const SEPARATOR = Buffer.from([0x1e]);

/** Blocks of different lanes in one SQL statement. */
export function insertJournal(blocks: readonly LaneBlock[]): Statement {
  const rows = blocks.flatMap(({ lease, block }) => block.rows.map((row) => ({ lease, row })));
  return {
    name: 'ledger-journal',
    text: `INSERT INTO journal (main_account_id, sequence, lane, lane_sequence, generation, type, at, cause_kind,
        cause_id, payload, position)
      SELECT main, seq, lane, lane_seq, generation, type, at, kind, cause, payload, position
        FROM unnest($1::int[], $2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::timestamptz[],
             $8::text[], $9::text[], string_to_array($10::text, E'\\x1e'), $11::bigint[])
          AS new (lane, generation, main, seq, lane_seq, type, at, kind, cause, payload, position) ${WHERE_OURS}`,
    values: [
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
  };
}

function joined(payloads: readonly Buffer[]): Buffer {
  const [only] = payloads;
  if (only && payloads.length === 1) return only;
  return Buffer.concat(payloads.flatMap((one, index) => (index === 0 ? [one] : [SEPARATOR, one])));
}

export function insertTransfers(rows: readonly TransferRow[]): Statement {
  return {
    name: 'ledger-transfers',
    text: `INSERT INTO transfers (main_account_id, sequence, event_sequence, kind, debit_account, credit_account,
        amount, debit_balance, credit_balance, sub_account_id, message_id, period, reference, at)
      SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[], $14::timestamptz[]) ${WHERE_OURS}`,
    values: [
      textArray(rows.map((row) => row.mainAccountId)),
      plainArray(rows.map((row) => row.transfer.sequence)),
      plainArray(rows.map((row) => row.eventSequence)),
      textArray(rows.map((row) => row.transfer.kind)),
      textArray(rows.map((row) => row.transfer.from)),
      textArray(rows.map((row) => row.transfer.to)),
      plainArray(rows.map((row) => row.transfer.amount)),
      plainArray(rows.map((row) => row.transfer.fromBalance)),
      plainArray(rows.map((row) => row.transfer.toBalance)),
      textArray(rows.map((row) => row.transfer.subAccountId)),
      textArray(rows.map((row) => row.transfer.messageId)),
      textArray(rows.map((row) => row.transfer.period)),
      textArray(rows.map((row) => row.transfer.reference)),
      textArray(rows.map((row) => row.at)),
    ],
  };
}

export function insertCommands(rows: readonly CommandRow[]): Statement {
  return {
    name: 'ledger-commands',
    text: `INSERT INTO commands (main_account_id, command_id, content_hash, event_sequence, at, payload)
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::text[]) ${WHERE_OURS}`,
    values: [
      textArray(rows.map((row) => row.mainAccountId)),
      textArray(rows.map((row) => row.commandId)),
      textArray(rows.map((row) => row.contentHash)),
      plainArray(rows.map((row) => row.eventSequence)),
      textArray(rows.map((row) => row.at)),
      textArray(rows.map((row) => row.payload)),
    ],
  };
}
