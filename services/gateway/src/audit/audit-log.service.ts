import { type AuditEntryView, DEFAULT_TIME_ZONE } from '@subledger/contracts';
import type { PrismaClient } from '../generated/prisma/client.js';
import { inZone } from '../request/time-range.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { listAuditEntries, toAuditView } from './audit-query.js';

/** The part of main accounts that reading their audit log needs. */
interface TimeZones {
  /** @throws ProblemError `not-found` */
  get(mainAccountId: string): Promise<{ readonly timeZone: string }>;
}

/** The audit log for readers. */
export class AuditLogService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly mains: TimeZones,
  ) {}

  /** @throws ProblemError `not-found` */
  async ofMain({ params, query, principal }: ValidatedRequest<'listAuditLog'>) {
    const { timeZone } = await this.mains.get(params.id);
    const toView = principal.who === 'operator' ? toAuditView : (row: Row) => forCustomer(toAuditView(row));
    return listAuditEntries(this.prisma, { ...inZone(query, timeZone), mainAccount: params.id }, toView);
  }

  all({ query }: ValidatedRequest<'listAllAuditLog'>) {
    return listAuditEntries(this.prisma, inZone(query, DEFAULT_TIME_ZONE), toAuditView);
  }
}

type Row = Parameters<typeof toAuditView>[0];

/** Addresses of the provider's staff are hidden from customers. */
function forCustomer(entry: AuditEntryView): AuditEntryView {
  const { kind } = entry.actor;
  return kind === 'operator' || kind === 'upstream' ? { ...entry, address: null, userAgent: null } : entry;
}
