import { Controller } from '@nestjs/common';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { ApiKeysService } from './api-keys.service.js';

@Controller()
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Route('createApiKey')
  create(@Validated() request: ValidatedRequest<'createApiKey'>): Promise<Answer> {
    return this.apiKeys.create(request);
  }

  @Route('listApiKeys')
  async list(@Validated() request: ValidatedRequest<'listApiKeys'>): Promise<Answer> {
    return ok(await this.apiKeys.list(request));
  }

  @Route('deleteApiKey')
  revoke(@Validated() request: ValidatedRequest<'deleteApiKey'>): Promise<Answer> {
    return this.apiKeys.revoke(request);
  }
}
