import { Controller } from '@nestjs/common';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Asked, Route } from '../request/route.decorator.js';
import type { Asked as AskedFor } from '../request/validated-request.js';
import { MainAccountsService } from './main-accounts.service.js';

@Controller()
export class MainAccountsController {
  constructor(private readonly accounts: MainAccountsService) {}

  @Route('createMainAccount')
  create(@Asked() asked: AskedFor<'createMainAccount'>): Promise<Answer> {
    return this.accounts.create(asked);
  }

  @Route('listMainAccounts')
  async list(@Asked() asked: AskedFor<'listMainAccounts'>): Promise<Answer> {
    return ok(await this.accounts.store.list(asked.query));
  }

  @Route('getMainAccount')
  async get(@Asked() asked: AskedFor<'getMainAccount'>): Promise<Answer> {
    return ok(await this.accounts.store.view(asked.params.id));
  }

  @Route('patchMainAccount')
  patch(@Asked() asked: AskedFor<'patchMainAccount'>): Promise<Answer> {
    return this.accounts.patch(asked);
  }

  @Route('suspendMainAccount')
  suspend(@Asked() asked: AskedFor<'suspendMainAccount'>): Promise<Answer> {
    const { id } = asked.params;
    return this.accounts.command(asked, id, { name: 'main-account.suspend', data: { mainAccountId: id } });
  }

  @Route('resumeMainAccount')
  resume(@Asked() asked: AskedFor<'resumeMainAccount'>): Promise<Answer> {
    const { id } = asked.params;
    return this.accounts.command(asked, id, { name: 'main-account.resume', data: { mainAccountId: id } });
  }

  @Route('requestActivation')
  requestActivation(@Asked() asked: AskedFor<'requestActivation'>): Promise<Answer> {
    return this.accounts.requestActivation(asked);
  }

  @Route('listActivationRequests')
  async activationRequests(@Asked() asked: AskedFor<'listActivationRequests'>): Promise<Answer> {
    return ok(await this.accounts.store.activationRequests(asked.query));
  }

  @Route('decideActivation')
  decideActivation(@Asked() asked: AskedFor<'decideActivation'>): Promise<Answer> {
    return this.accounts.decideActivation(asked);
  }

  @Route('deactivateFeature')
  deactivateFeature(@Asked() asked: AskedFor<'deactivateFeature'>): Promise<Answer> {
    const { id } = asked.params;
    return this.accounts.command(asked, id, { name: 'feature.deactivate', data: { mainAccountId: id } });
  }

  @Route('switchPlan')
  switchPlan(@Asked() asked: AskedFor<'switchPlan'>): Promise<Answer> {
    const { id } = asked.params;
    const { plan } = asked.body;
    return this.accounts.command(asked, id, { name: 'plan.switch', data: { mainAccountId: id, plan } });
  }
}
