import type { OperationView } from '@subledger/contracts';
import type { PrismaClient } from '../generated/prisma/client.js';
import { askerOf } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { toOperation } from './operation.js';
import { operationView } from './operation-answers.js';

export class OperationsService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly publicUrl: string,
  ) {}

  /** @throws ProblemError `not-found` if it belongs to another caller; operators see all */
  async get(request: ValidatedRequest<'getOperation'>): Promise<OperationView> {
    const row = await this.prisma.operation.findUnique({ where: { id: request.params.operation } });
    const isTheirs =
      row !== null && (request.principal.who === 'operator' || row.asker === askerOf(request.principal));
    if (!isTheirs) throw ProblemError.notFound();
    return operationView(toOperation(row), this.publicUrl);
  }
}
