import type { AuditEntryView, AuditQuery } from '@subledger/contracts';
import { decodeCursor, instantKey, page } from '../database/cursor.js';

import type { AuditEntry, Prisma, PrismaClient } from '../generated/prisma/client.js';

/** Filters of the log. Without `mainAccount` it is the log of all accounts, including entries without an account. */
export interface AuditFilter extends AuditQuery {
  readonly mainAccount?: string | undefined;
}

/** Newest first, with keyset pagination: new entries do not shift pages. */
export async function listAuditEntries(
  prisma: Pick<PrismaClient, 'auditEntry'>,
  query: AuditFilter,
  toView: (row: AuditEntry) => AuditEntryView,
): Promise<{ items: AuditEntryView[]; nextCursor: string | null }> {
  const list = 'audit-log';
  const { mainAccount, actor, action, from, to, subAccount, limit } = query;
  const [atMs, id] = decodeCursor(query.cursor, list, 2) ?? [];
  const after: Prisma.AuditEntryWhereInput[] = [];
  if (atMs !== undefined && id !== undefined) {
    const at = instantKey(atMs);
    after.push({ at: { lte: at } }, { OR: [{ at: { lt: at } }, { id: { lt: id } }] });
  }
  const rows = await prisma.auditEntry.findMany({
    where: {
      ...(mainAccount === undefined ? {} : { mainAccountId: mainAccount }),
      ...(subAccount === undefined ? {} : { subAccountId: subAccount }),
      ...(actor === undefined ? {} : { actorId: actor }),
      ...(action === undefined ? {} : { action }),
      at: {
        ...(from === undefined ? {} : { gte: new Date(from) }),
        ...(to === undefined ? {} : { lt: new Date(to) }),
      },
      AND: after,
    },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    take: limit + 1,
  });
  return page(rows, limit, toView, (row) => ({ list, keys: [String(row.at.getTime()), row.id] }));
}

export function toAuditView(row: AuditEntry): AuditEntryView {
  const { id, at, actorKind, actorId, actorName, credential, finishedAt, objects, before, after, outcome } =
    row;
  return {
    id,
    at: at.toISOString(),
    actor: {
      kind: actorKind as AuditEntryView['actor']['kind'],
      id: actorId,
      name: actorName,
      credential: credential as AuditEntryView['actor']['credential'],
    },
    action: row.action,
    mainAccountId: row.mainAccountId,
    subAccountId: row.subAccountId,
    objects: objects as Record<string, string>,
    outcome: outcome as AuditEntryView['outcome'],
    code: row.code,
    operationId: row.operationId,
    before: before as AuditEntryView['before'],
    after: after as AuditEntryView['after'],
    address: row.address === '' ? null : row.address,
    userAgent: row.userAgent,
    requestId: row.requestId,
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
