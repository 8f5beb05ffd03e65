import type { PlanCheck } from '@subledger/contracts';
import { formatPoints } from '@subledger/core';
import type { MainAccountsStore } from '../main-accounts/main-accounts-store.js';
import type { CommandDraft } from '../operations/operation.js';
import { transferPath } from '../operations/operation-answers.js';
import type { WriteRunner } from '../operations/write-runner.js';
import type { Answer } from '../request/idempotency.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import type { WriteRequest } from '../request/write-request.js';
import type { SubAccountsStore } from '../sub-accounts/sub-accounts-store.js';
import type { TransfersStore } from './transfers-store.js';

/** Maximum number of blockers in an answer. */
const MAX_BLOCKERS = 100;

/** Purchases, adjustments, statements, and the check before a switch of plan. */
export class PointsService {
  constructor(
    readonly transfers: TransfersStore,
    private readonly mains: MainAccountsStore,
    private readonly subs: SubAccountsStore,
    private readonly runner: WriteRunner,
  ) {}

  purchase(request: ValidatedRequest<'createPurchase'>): Promise<Answer> {
    const mainAccountId = request.params.id;
    return this.#move(request, mainAccountId, {
      name: 'points.purchase',
      data: { mainAccountId, ...request.body },
    });
  }

  adjust(request: ValidatedRequest<'createAdjustment'>): Promise<Answer> {
    const mainAccountId = request.params.id;
    return this.#move(request, mainAccountId, {
      name: 'points.adjust',
      data: { mainAccountId, ...request.body },
    });
  }

  /** Answers with the line of main's statement for this transfer. */
  async #move(request: WriteRequest, mainAccountId: string, command: CommandDraft): Promise<Answer> {
    const row = await this.mains.get(mainAccountId);
    return this.runner.run(request, {
      mainAccountId,
      command,
      was: this.mains.toView(row),
      answer: async ({ outcome }) => {
        const sequence = outcome?.transferSequence;
        if (sequence === undefined) throw new Error('The outcome of a move names no transfer');
        return {
          status: 201,
          headers: { location: transferPath(mainAccountId, sequence) },
          body: await this.transfers.lineOfMain(mainAccountId, sequence),
        };
      },
    });
  }

  async checkPlan(request: ValidatedRequest<'checkPlan'>): Promise<PlanCheck> {
    const { id } = request.params;
    const main = await this.mains.get(id);
    const plan = request.query.plan ?? (main.plan === 'prepay' ? 'postpay' : 'prepay');
    const available =
      plan === 'prepay' ? main.balance : main.creditLimit === null ? null : main.balance + main.creditLimit;
    const isSame = plan === main.plan;
    const blockers = isSame ? [] : await this.subs.activeIds(id, MAX_BLOCKERS);
    const reasons: PlanCheck['reasons'] = [];
    if (blockers.length > 0) reasons.push('sub-accounts-active');
    if (!isSame && available !== null && available < 0n) reasons.push('balance-due');
    return {
      current: main.plan,
      plan,
      allowed: reasons.length === 0,
      reasons,
      blockers,
      blockerCount: isSame ? 0 : Math.max(main.activeSubAccounts, blockers.length),
      available: available === null ? null : formatPoints(available),
    };
  }
}
