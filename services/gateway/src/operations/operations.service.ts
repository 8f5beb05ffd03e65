import type { OperationView } from '@subledger/contracts';
import { askerOf } from '../access/principal.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { Asked } from '../http/asked.js';
import { ProblemError } from '../http/problem.js';
import { toOperation } from './operation.js';
import { operationView } from './operation-answers.js';

export class OperationsService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly publicUrl: string,
  ) {}

  /** @throws ProblemError `not-found` where it is another asker's; operators see all */
  async get(asked: Asked<'getOperation'>): Promise<OperationView> {
    const row = await this.prisma.operation.findUnique({ where: { id: asked.params.operation } });
    const isTheirs =
      row !== null && (asked.principal.who === 'operator' || row.asker === askerOf(asked.principal));
    if (!isTheirs) throw ProblemError.notFound();
    return operationView(toOperation(row), this.publicUrl);
  }
}
