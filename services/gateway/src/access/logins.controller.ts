import { Controller } from '@nestjs/common';
import type { Answer } from '../request/idempotency.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { LoginsService } from './logins.service.js';

@Controller()
export class LoginsController {
  constructor(private readonly logins: LoginsService) {}

  @Route('setMainAccountPassword')
  setPassword(@Validated() request: ValidatedRequest<'setMainAccountPassword'>): Promise<Answer> {
    return this.logins.setPassword(request);
  }

  @Route('endMainAccountSessions')
  endMainSessions(@Validated() request: ValidatedRequest<'endMainAccountSessions'>): Promise<Answer> {
    return this.logins.endMainSessions(request);
  }

  @Route('endSubAccountSessions')
  endSubSessions(@Validated() request: ValidatedRequest<'endSubAccountSessions'>): Promise<Answer> {
    return this.logins.endSubSessions(request);
  }

  @Route('resetLoginAttempts')
  resetAttempts(@Validated() request: ValidatedRequest<'resetLoginAttempts'>): Promise<Answer> {
    return this.logins.resetAttempts(request);
  }
}
