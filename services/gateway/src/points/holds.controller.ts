import { Controller } from '@nestjs/common';
import type { Answer } from '../request/idempotency.js';
import { Asked, Route } from '../request/route.decorator.js';
import type { Asked as AskedFor } from '../request/validated-request.js';
import { HoldsService } from './holds.service.js';

@Controller()
export class HoldsController {
  constructor(private readonly holds: HoldsService) {}

  @Route('placeHold')
  place(@Asked() asked: AskedFor<'placeHold'>): Promise<Answer> {
    return this.holds.place(asked);
  }

  @Route('releaseHold')
  release(@Asked() asked: AskedFor<'releaseHold'>): Promise<Answer> {
    return this.holds.release(asked);
  }
}
