import { type BatchWrites, type Lease } from '@subledger/ledger/engine';
import { encodeBlock, eventsOf, type StoredBlock } from '@subledger/wire';
import type { StatementRow, Tables } from './tables.js';

/** The error of `pg` for a violated constraint. It is not an outage, so the ledger halves the batch. */
const violation = (table: string, key: string): Error =>
  Object.assign(new Error(`duplicate key value violates unique constraint of ${table}: ${key}`), {
    code: '23505',
  });

const transferKey = (main: string, sequence: number, at: string) => `${main} ${sequence} ${at}`;

/** The blocks of a batch, as they are stored. */
const blocksOf = ({ lane, generation }: Lease, { journal }: BatchWrites): StoredBlock[] =>
  journal.map((block) => {
    const { payloads: _, ...stored } = encodeBlock(block);
    return { ...stored, lane, generation };
  });

/** The constraints that PostgreSQL has. @throws before anything is written */
export function assertInsertable(tables: Tables, { lane }: Lease, writes: BatchWrites): void {
  for (const { lastSequence } of writes.journal) {
    const isThere = tables.blocksOf.get(lane)?.some((block) => block.lastSequence === lastSequence);
    if (isThere) throw violation('journal', `${lane} ${lastSequence}`);
  }
  for (const { mainAccountId, at, transfer } of writes.transfers) {
    const key = transferKey(mainAccountId, transfer.sequence, at);
    if (tables.transfers.has(key)) throw violation('transfers', key);
  }
  for (const { mainAccountId, commandId } of writes.commands)
    if (tables.commands.has(`${mainAccountId} ${commandId}`)) throw violation('commands', commandId);
  for (const { mainAccountId, row } of writes.refunds)
    if (tables.refunds.has(`${mainAccountId} ${row.refundId}`)) throw violation('refunds', row.refundId);
  for (const { mainAccountId, row } of writes.references)
    if (tables.references.has(`${mainAccountId} ${row.key}`)) throw violation('booked_references', row.key);
}

export function applyWrites(tables: Tables, lease: Lease, writes: BatchWrites, now: number): void {
  const { lane } = lease;
  for (const block of blocksOf(lease, writes)) {
    listOf(tables.blocksOf, lane).push(block);
    for (const event of eventsOf(block))
      tables.journal.set(`${event.mainAccountId} ${event.sequence}`, event);
  }
  for (const { mainAccountId, eventSequence, at, transfer } of writes.transfers) {
    const row = { ...transfer, mainAccountId, eventSequence, at };
    tables.transfers.set(transferKey(mainAccountId, transfer.sequence, at), row);
  }
  for (const row of writes.mainAccounts) tables.mainAccounts.set(row.id, { ...row });
  for (const { mainAccountId, row } of writes.subAccounts) {
    const key = `${mainAccountId} ${row.id}`;
    const before = tables.subAccounts.get(key);
    if (!before) listOf(tables.subsOf, mainAccountId).push(row.id);
    tables.subAccounts.set(key, { ...row, mainAccountId, tombstonedAt: before?.tombstonedAt ?? null });
  }
  for (const { mainAccountId, row } of writes.holds)
    tables.holds.set(`${mainAccountId} ${row.messageId}`, { ...row, mainAccountId });
  for (const { mainAccountId, row } of writes.charges)
    tables.charges.set(`${mainAccountId} ${row.messageId}`, { ...row, mainAccountId });
  for (const { mainAccountId, row } of writes.refunds)
    tables.refunds.set(`${mainAccountId} ${row.refundId}`, { ...row, mainAccountId });
  for (const { mainAccountId, row } of writes.references)
    tables.references.set(`${mainAccountId} ${row.key}`, { ...row, mainAccountId });
  for (const row of writes.commands) tables.commands.set(`${row.mainAccountId} ${row.commandId}`, { ...row });
  for (const row of writes.statements) addStatement(tables, row);
  for (const { mainAccountId, subAccountId } of writes.tombstones) {
    const sub = tables.subAccounts.get(`${mainAccountId} ${subAccountId}`);
    if (sub) sub.tombstonedAt = now;
  }
  listOf(tables.outboxOf, lane).push(...writes.outbox.map((row) => ({ ...row })));
}

/** An upsert: closing figures come once, with the row. Late amounts add up. */
function addStatement(tables: Tables, row: BatchWrites['statements'][number]): void {
  const { mainAccountId, subAccountId, period, closing } = row;
  const key = `${mainAccountId} ${subAccountId} ${period}`;
  const stored = tables.statements.get(key);
  if (stored) {
    stored.lateUsed += row.lateUsed;
    stored.lateRefunded += row.lateRefunded;
    stored.lateReturned += row.lateReturned;
    return;
  }
  const { opening = 0n, limit = 0n, boost = 0n, granted = 0n, used = 0n, overage = 0n } = closing ?? {};
  const { held = 0n, returned = 0n } = closing ?? {};
  const figures = { opening, limit, boost, granted, used, overage, held, returned };
  const { lateUsed, lateRefunded, lateReturned } = row;
  const added: StatementRow = {
    mainAccountId,
    subAccountId,
    period,
    ...figures,
    lateUsed,
    lateRefunded,
    lateReturned,
    at: row.at,
  };
  tables.statements.set(key, added);
}

function listOf<Key, Item>(lists: Map<Key, Item[]>, key: Key): Item[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
