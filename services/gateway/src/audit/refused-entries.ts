import { ERRORS } from '@subledger/contracts';
import type { Logger } from '@subledger/service-kit';
import type { PrismaClient } from '../generated/prisma/client.js';
import { ProblemError } from '../request/problem.js';
import { type AuditedRequest, type AuditFacts, auditRow } from './audit-entry.js';

/** Statuses of refused changes: a name is taken, the settings have changed since, a number is not registered. */
const NOTED_STATUSES = [409, 412, 422];

/** Entries of changes that the gateway itself refused. Nothing was changed, so they are written alone. */
export class RefusedEntries {
  constructor(
    private readonly prisma: Pick<PrismaClient, 'auditEntry'>,
    private readonly log: Logger,
  ) {}

  /** Runs a change. A refusal is noted and thrown again. */
  async around<Result>(
    request: AuditedRequest,
    facts: Omit<AuditFacts, 'outcome' | 'code'>,
    change: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await change();
    } catch (error) {
      if (error instanceof ProblemError && NOTED_STATUSES.includes(ERRORS[error.code].status))
        await this.note(request, { ...facts, outcome: 'refused', code: error.code });
      throw error;
    }
  }

  /** Never throws, because the caller must get the refusal. */
  async note(request: AuditedRequest, facts: AuditFacts): Promise<void> {
    try {
      await this.prisma.auditEntry.createMany({ data: [auditRow(request, facts)] });
    } catch (error) {
      this.log.error(
        { err: error, action: request.routeId },
        'a refusal could not be noted in the audit log',
      );
    }
  }
}
