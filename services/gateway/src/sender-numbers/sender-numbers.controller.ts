import { Controller } from '@nestjs/common';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { SenderNumbersService } from './sender-numbers.service.js';

@Controller()
export class SenderNumbersController {
  constructor(private readonly senderNumbers: SenderNumbersService) {}

  @Route('getSenderNumbers')
  async get(@Validated() request: ValidatedRequest<'getSenderNumbers'>): Promise<Answer> {
    return ok(await this.senderNumbers.get(request.params.id));
  }

  @Route('putSenderNumbers')
  put(@Validated() request: ValidatedRequest<'putSenderNumbers'>): Promise<Answer> {
    return this.senderNumbers.put(request);
  }
}
