import { Controller } from '@nestjs/common';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { OperationsService } from './operations.service.js';

@Controller()
export class OperationsController {
  constructor(private readonly operations: OperationsService) {}

  @Route('getOperation')
  async get(@Validated() request: ValidatedRequest<'getOperation'>): Promise<Answer> {
    return ok(await this.operations.get(request));
  }
}
