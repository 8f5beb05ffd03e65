import { Controller } from '@nestjs/common';
import { SenderNumbersService } from '../accounts/sender-numbers.service.js';
import type { Answer } from '../operations/idempotency.js';
import { ok } from './answer.js';
import type { Asked as AskedFor } from './asked.js';
import { Asked, Route } from './route.decorator.js';

@Controller()
export class SenderNumbersController {
  constructor(private readonly senderNumbers: SenderNumbersService) {}

  @Route('getSenderNumbers')
  async get(@Asked() asked: AskedFor<'getSenderNumbers'>): Promise<Answer> {
    return ok(await this.senderNumbers.get(asked.params.id));
  }

  @Route('putSenderNumbers')
  put(@Asked() asked: AskedFor<'putSenderNumbers'>): Promise<Answer> {
    return this.senderNumbers.put(asked);
  }
}
