import { Controller } from '@nestjs/common';
import { PointsService } from '../points/points.service.js';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { ProblemError } from '../request/problem.js';
import { Asked, Route } from '../request/route.decorator.js';
import type { Asked as AskedFor } from '../request/validated-request.js';
import { SubAccountsService } from './sub-accounts.service.js';

@Controller()
export class SubAccountsController {
  constructor(
    private readonly subAccounts: SubAccountsService,
    private readonly points: PointsService,
  ) {}

  @Route('createSubAccount')
  create(@Asked() asked: AskedFor<'createSubAccount'>): Promise<Answer> {
    return this.subAccounts.create(asked);
  }

  @Route('listSubAccounts')
  async list(@Asked() asked: AskedFor<'listSubAccounts'>): Promise<Answer> {
    return ok(await this.subAccounts.list(asked));
  }

  @Route('getSubAccount')
  get(@Asked() asked: AskedFor<'getSubAccount'>): Promise<Answer> {
    return this.subAccounts.get(asked.params.id, asked.params.sub);
  }

  @Route('patchSubAccount')
  patch(@Asked() asked: AskedFor<'patchSubAccount'>): Promise<Answer> {
    return this.subAccounts.patch(asked);
  }

  @Route('deleteSubAccount')
  delete(@Asked() asked: AskedFor<'deleteSubAccount'>): Promise<Answer> {
    return this.subAccounts.delete(asked);
  }

  @Route('listSubAccountTransfers')
  async transfers(@Asked() asked: AskedFor<'listSubAccountTransfers'>): Promise<Answer> {
    const { id, sub } = asked.params;
    if (!(await this.subAccounts.store.find(id, sub))) throw ProblemError.notFound();
    return ok(await this.points.transfers.ofSub(id, sub, asked.query));
  }

  @Route('boostSubAccount')
  boost(@Asked() asked: AskedFor<'boostSubAccount'>): Promise<Answer> {
    const { id: mainAccountId, sub: subAccountId } = asked.params;
    const { points } = asked.body;
    return this.subAccounts.command(asked, {
      name: 'limit.boost',
      data: { mainAccountId, subAccountId, points },
    });
  }

  @Route('pauseSubAccount')
  pause(@Asked() asked: AskedFor<'pauseSubAccount'>): Promise<Answer> {
    return this.subAccounts.plainCommand(asked, 'sub-account.pause');
  }

  @Route('resumeSubAccount')
  resume(@Asked() asked: AskedFor<'resumeSubAccount'>): Promise<Answer> {
    return this.subAccounts.plainCommand(asked, 'sub-account.resume');
  }

  @Route('deactivateSubAccount')
  deactivate(@Asked() asked: AskedFor<'deactivateSubAccount'>): Promise<Answer> {
    return this.subAccounts.plainCommand(asked, 'sub-account.deactivate');
  }

  @Route('reactivateSubAccount')
  reactivate(@Asked() asked: AskedFor<'reactivateSubAccount'>): Promise<Answer> {
    return this.subAccounts.plainCommand(asked, 'sub-account.reactivate');
  }
}
