import { Controller } from '@nestjs/common';
import { MainAccountsService } from '../main-accounts/main-accounts.service.js';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { PointsService } from './points.service.js';

@Controller()
export class PointsController {
  constructor(
    private readonly points: PointsService,
    private readonly accounts: MainAccountsService,
  ) {}

  @Route('createPurchase')
  purchase(@Validated() request: ValidatedRequest<'createPurchase'>): Promise<Answer> {
    return this.points.purchase(request);
  }

  @Route('listPurchases')
  async purchases(@Validated() request: ValidatedRequest<'listPurchases'>): Promise<Answer> {
    await this.accounts.store.get(request.params.id);
    return ok(await this.points.transfers.ofMain(request.params.id, request.query, 'purchase'));
  }

  @Route('createAdjustment')
  adjust(@Validated() request: ValidatedRequest<'createAdjustment'>): Promise<Answer> {
    return this.points.adjust(request);
  }

  @Route('listTransfers')
  async transfers(@Validated() request: ValidatedRequest<'listTransfers'>): Promise<Answer> {
    await this.accounts.store.get(request.params.id);
    return ok(await this.points.transfers.ofMain(request.params.id, request.query));
  }

  @Route('getTransfer')
  async transfer(@Validated() request: ValidatedRequest<'getTransfer'>): Promise<Answer> {
    return ok(await this.points.transfers.lineOfMain(request.params.id, request.params.sequence));
  }

  @Route('checkPlan')
  async checkPlan(@Validated() request: ValidatedRequest<'checkPlan'>): Promise<Answer> {
    return ok(await this.points.checkPlan(request));
  }
}
