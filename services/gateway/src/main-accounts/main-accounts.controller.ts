import { Controller } from '@nestjs/common';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { MainAccountsService } from './main-accounts.service.js';

@Controller()
export class MainAccountsController {
  constructor(private readonly accounts: MainAccountsService) {}

  @Route('createMainAccount')
  create(@Validated() request: ValidatedRequest<'createMainAccount'>): Promise<Answer> {
    return this.accounts.create(request);
  }

  @Route('listMainAccounts')
  async list(@Validated() request: ValidatedRequest<'listMainAccounts'>): Promise<Answer> {
    return ok(await this.accounts.store.list(request.query));
  }

  @Route('getMainAccount')
  async get(@Validated() request: ValidatedRequest<'getMainAccount'>): Promise<Answer> {
    return ok(await this.accounts.store.view(request.params.id));
  }

  @Route('patchMainAccount')
  patch(@Validated() request: ValidatedRequest<'patchMainAccount'>): Promise<Answer> {
    return this.accounts.patch(request);
  }

  @Route('suspendMainAccount')
  suspend(@Validated() request: ValidatedRequest<'suspendMainAccount'>): Promise<Answer> {
    const { id } = request.params;
    return this.accounts.command(request, id, { name: 'main-account.suspend', data: { mainAccountId: id } });
  }

  @Route('resumeMainAccount')
  resume(@Validated() request: ValidatedRequest<'resumeMainAccount'>): Promise<Answer> {
    const { id } = request.params;
    return this.accounts.command(request, id, { name: 'main-account.resume', data: { mainAccountId: id } });
  }

  @Route('requestActivation')
  requestActivation(@Validated() request: ValidatedRequest<'requestActivation'>): Promise<Answer> {
    return this.accounts.requestActivation(request);
  }

  @Route('listActivationRequests')
  async activationRequests(
    @Validated() request: ValidatedRequest<'listActivationRequests'>,
  ): Promise<Answer> {
    return ok(await this.accounts.store.activationRequests(request.query));
  }

  @Route('decideActivation')
  decideActivation(@Validated() request: ValidatedRequest<'decideActivation'>): Promise<Answer> {
    return this.accounts.decideActivation(request);
  }

  @Route('deactivateFeature')
  deactivateFeature(@Validated() request: ValidatedRequest<'deactivateFeature'>): Promise<Answer> {
    const { id } = request.params;
    return this.accounts.command(request, id, { name: 'feature.deactivate', data: { mainAccountId: id } });
  }

  @Route('switchPlan')
  switchPlan(@Validated() request: ValidatedRequest<'switchPlan'>): Promise<Answer> {
    const { id } = request.params;
    const { plan } = request.body;
    return this.accounts.command(request, id, { name: 'plan.switch', data: { mainAccountId: id, plan } });
  }
}
