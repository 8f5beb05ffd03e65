import { type AuditEntryView, DEFAULT_TIME_ZONE } from '@subledger/contracts';
import type { PrismaClient } from '../generated/prisma/client.js';
import { inZone } from '../request/time-range.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { listAuditEntries, toAuditView } from './audit-query.js';

/** Of the main accounts, what reading their audit log needs. */
interface TimeZones {
  /** @throws ProblemError `not-found` */
  get(mainAccountId: string): Promise<{ readonly timeZone: string }>;
}

/** The audit log as people read it. */
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

/** From where the provider's own people work is not the customer's to see. */
function forCustomer(entry: AuditEntryView): AuditEntryView {
  const { kind } = entry.actor;
  return kind === 'operator' || kind === 'upstream' ? { ...entry, address: null, userAgent: null } : entry;
}
