import { Controller } from '@nestjs/common';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Asked, Route } from '../request/route.decorator.js';
import type { Asked as AskedFor } from '../request/validated-request.js';
import { AuditLogService } from './audit-log.service.js';

@Controller()
export class AuditController {
  constructor(private readonly log: AuditLogService) {}

  @Route('listAuditLog')
  async ofMain(@Asked() asked: AskedFor<'listAuditLog'>): Promise<Answer> {
    return ok(await this.log.ofMain(asked));
  }

  @Route('listAllAuditLog')
  async all(@Asked() asked: AskedFor<'listAllAuditLog'>): Promise<Answer> {
    return ok(await this.log.all(asked));
  }
}
