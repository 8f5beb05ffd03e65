import { Controller } from '@nestjs/common';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Asked, Route } from '../request/route.decorator.js';
import type { Asked as AskedFor } from '../request/validated-request.js';
import { SenderNumbersService } from './sender-numbers.service.js';

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
