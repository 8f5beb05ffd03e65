import { Controller } from '@nestjs/common';
import { AuditLogService } from '../audit/audit-log.service.js';
import type { Answer } from '../operations/idempotency.js';
import { ok } from './answer.js';
import type { Asked as AskedFor } from './asked.js';
import { Asked, Route } from './route.decorator.js';

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
