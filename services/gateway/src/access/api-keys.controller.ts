import { Controller } from '@nestjs/common';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Asked, Route } from '../request/route.decorator.js';
import type { Asked as AskedFor } from '../request/validated-request.js';
import { ApiKeysService } from './api-keys.service.js';

@Controller()
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Route('createApiKey')
  create(@Asked() asked: AskedFor<'createApiKey'>): Promise<Answer> {
    return this.apiKeys.create(asked);
  }

  @Route('listApiKeys')
  async list(@Asked() asked: AskedFor<'listApiKeys'>): Promise<Answer> {
    return ok(await this.apiKeys.list(asked));
  }

  @Route('deleteApiKey')
  revoke(@Asked() asked: AskedFor<'deleteApiKey'>): Promise<Answer> {
    return this.apiKeys.revoke(asked);
  }
}
