import { Controller } from '@nestjs/common';
import { PointsService } from '../points/points.service.js';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { ProblemError } from '../request/problem.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { SubAccountsService } from './sub-accounts.service.js';

@Controller()
export class SubAccountsController {
  constructor(
    private readonly subAccounts: SubAccountsService,
    private readonly points: PointsService,
  ) {}

  @Route('createSubAccount')
  create(@Validated() request: ValidatedRequest<'createSubAccount'>): Promise<Answer> {
    return this.subAccounts.create(request);
  }

  @Route('listSubAccounts')
  async list(@Validated() request: ValidatedRequest<'listSubAccounts'>): Promise<Answer> {
    return ok(await this.subAccounts.list(request));
  }

  @Route('getSubAccount')
  get(@Validated() request: ValidatedRequest<'getSubAccount'>): Promise<Answer> {
    return this.subAccounts.get(request.params.id, request.params.sub);
  }

  @Route('patchSubAccount')
  patch(@Validated() request: ValidatedRequest<'patchSubAccount'>): Promise<Answer> {
    return this.subAccounts.patch(request);
  }

  @Route('deleteSubAccount')
  delete(@Validated() request: ValidatedRequest<'deleteSubAccount'>): Promise<Answer> {
    return this.subAccounts.delete(request);
  }

  @Route('listSubAccountTransfers')
  async transfers(@Validated() request: ValidatedRequest<'listSubAccountTransfers'>): Promise<Answer> {
    const { id, sub } = request.params;
    if (!(await this.subAccounts.store.find(id, sub))) throw ProblemError.notFound();
    return ok(await this.points.transfers.ofSub(id, sub, request.query));
  }

  @Route('boostSubAccount')
  boost(@Validated() request: ValidatedRequest<'boostSubAccount'>): Promise<Answer> {
    const { id: mainAccountId, sub: subAccountId } = request.params;
    const { points } = request.body;
    return this.subAccounts.command(request, {
      name: 'limit.boost',
      data: { mainAccountId, subAccountId, points },
    });
  }

  @Route('pauseSubAccount')
  pause(@Validated() request: ValidatedRequest<'pauseSubAccount'>): Promise<Answer> {
    return this.subAccounts.plainCommand(request, 'sub-account.pause');
  }

  @Route('resumeSubAccount')
  resume(@Validated() request: ValidatedRequest<'resumeSubAccount'>): Promise<Answer> {
    return this.subAccounts.plainCommand(request, 'sub-account.resume');
  }

  @Route('deactivateSubAccount')
  deactivate(@Validated() request: ValidatedRequest<'deactivateSubAccount'>): Promise<Answer> {
    return this.subAccounts.plainCommand(request, 'sub-account.deactivate');
  }

  @Route('reactivateSubAccount')
  reactivate(@Validated() request: ValidatedRequest<'reactivateSubAccount'>): Promise<Answer> {
    return this.subAccounts.plainCommand(request, 'sub-account.reactivate');
  }
}
