import { Controller } from '@nestjs/common';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { AuditLogService } from './audit-log.service.js';

@Controller()
export class AuditController {
  constructor(private readonly log: AuditLogService) {}

  @Route('listAuditLog')
  async ofMain(@Validated() request: ValidatedRequest<'listAuditLog'>): Promise<Answer> {
    return ok(await this.log.ofMain(request));
  }

  @Route('listAllAuditLog')
  async all(@Validated() request: ValidatedRequest<'listAllAuditLog'>): Promise<Answer> {
    return ok(await this.log.all(request));
  }
}
