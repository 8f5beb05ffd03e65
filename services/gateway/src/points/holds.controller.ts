import { Controller } from '@nestjs/common';
import type { Answer } from '../request/idempotency.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { HoldsService } from './holds.service.js';

@Controller()
export class HoldsController {
  constructor(private readonly holds: HoldsService) {}

  @Route('placeHold')
  place(@Validated() request: ValidatedRequest<'placeHold'>): Promise<Answer> {
    return this.holds.place(request);
  }

  @Route('releaseHold')
  release(@Validated() request: ValidatedRequest<'releaseHold'>): Promise<Answer> {
    return this.holds.release(request);
  }
}
