import { Controller } from '@nestjs/common';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { SubAccountsService } from './sub-accounts.service.js';

/** What a sub-account sees of itself. */
@Controller()
export class MeController {
  constructor(private readonly subAccounts: SubAccountsService) {}

  @Route('getMe')
  async get(@Validated() request: ValidatedRequest<'getMe'>): Promise<Answer> {
    return ok(await this.subAccounts.me(request.principal));
  }
}
