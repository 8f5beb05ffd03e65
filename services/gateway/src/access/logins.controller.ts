import { Controller } from '@nestjs/common';
import type { Answer } from '../request/idempotency.js';
import { Asked, Route } from '../request/route.decorator.js';
import type { Asked as AskedFor } from '../request/validated-request.js';
import { LoginsService } from './logins.service.js';

@Controller()
export class LoginsController {
  constructor(private readonly logins: LoginsService) {}

  @Route('setMainAccountPassword')
  setPassword(@Asked() asked: AskedFor<'setMainAccountPassword'>): Promise<Answer> {
    return this.logins.setPassword(asked);
  }

  @Route('endMainAccountSessions')
  endMainSessions(@Asked() asked: AskedFor<'endMainAccountSessions'>): Promise<Answer> {
    return this.logins.endMainSessions(asked);
  }

  @Route('endSubAccountSessions')
  endSubSessions(@Asked() asked: AskedFor<'endSubAccountSessions'>): Promise<Answer> {
    return this.logins.endSubSessions(asked);
  }

  @Route('resetLoginAttempts')
  resetAttempts(@Asked() asked: AskedFor<'resetLoginAttempts'>): Promise<Answer> {
    return this.logins.resetAttempts(asked);
  }
}
