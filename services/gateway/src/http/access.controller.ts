import { Controller } from '@nestjs/common';
import { ApiKeysService } from '../access/api-keys.service.js';
import { HoldsService } from '../accounts/holds.service.js';
import type { Answer } from '../operations/idempotency.js';
import { OperationsService } from '../operations/operations.service.js';
import { ok } from './answer.js';
import type { Asked as AskedFor } from './asked.js';
import { Asked, Route } from './route.decorator.js';

@Controller()
export class AccessController {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly holds: HoldsService,
    private readonly operations: OperationsService,
  ) {}

  @Route('createApiKey')
  createApiKey(@Asked() asked: AskedFor<'createApiKey'>): Promise<Answer> {
    return this.apiKeys.create(asked);
  }

  @Route('listApiKeys')
  async listApiKeys(@Asked() asked: AskedFor<'listApiKeys'>): Promise<Answer> {
    return ok(await this.apiKeys.list(asked));
  }

  @Route('deleteApiKey')
  deleteApiKey(@Asked() asked: AskedFor<'deleteApiKey'>): Promise<Answer> {
    return this.apiKeys.revoke(asked);
  }

  @Route('placeHold')
  placeHold(@Asked() asked: AskedFor<'placeHold'>): Promise<Answer> {
    return this.holds.place(asked);
  }

  @Route('releaseHold')
  releaseHold(@Asked() asked: AskedFor<'releaseHold'>): Promise<Answer> {
    return this.holds.release(asked);
  }

  @Route('getOperation')
  async getOperation(@Asked() asked: AskedFor<'getOperation'>): Promise<Answer> {
    return ok(await this.operations.get(asked));
  }
}
