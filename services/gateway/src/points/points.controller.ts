import { Controller } from '@nestjs/common';
import { MainAccountsService } from '../main-accounts/main-accounts.service.js';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Asked, Route } from '../request/route.decorator.js';
import type { Asked as AskedFor } from '../request/validated-request.js';
import { PointsService } from './points.service.js';

@Controller()
export class PointsController {
  constructor(
    private readonly points: PointsService,
    private readonly accounts: MainAccountsService,
  ) {}

  @Route('createPurchase')
  purchase(@Asked() asked: AskedFor<'createPurchase'>): Promise<Answer> {
    return this.points.purchase(asked);
  }

  @Route('listPurchases')
  async purchases(@Asked() asked: AskedFor<'listPurchases'>): Promise<Answer> {
    await this.accounts.store.get(asked.params.id);
    return ok(await this.points.transfers.ofMain(asked.params.id, asked.query, 'purchase'));
  }

  @Route('createAdjustment')
  adjust(@Asked() asked: AskedFor<'createAdjustment'>): Promise<Answer> {
    return this.points.adjust(asked);
  }

  @Route('listTransfers')
  async transfers(@Asked() asked: AskedFor<'listTransfers'>): Promise<Answer> {
    await this.accounts.store.get(asked.params.id);
    return ok(await this.points.transfers.ofMain(asked.params.id, asked.query));
  }

  @Route('getTransfer')
  async transfer(@Asked() asked: AskedFor<'getTransfer'>): Promise<Answer> {
    return ok(await this.points.transfers.lineOfMain(asked.params.id, asked.params.sequence));
  }

  @Route('checkPlan')
  async checkPlan(@Asked() asked: AskedFor<'checkPlan'>): Promise<Answer> {
    return ok(await this.points.checkPlan(asked));
  }
}
