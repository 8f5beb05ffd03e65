import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Route, Validated } from '../request/route.decorator.js';
import { sendCsv } from '../request/send-csv.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { PeriodsService } from './periods.service.js';
import { ResetPreviewService } from './reset-preview.service.js';

@Controller()
export class PeriodsController {
  constructor(
    private readonly periods: PeriodsService,
    private readonly resets: ResetPreviewService,
  ) {}

  @Route('listPeriods')
  async list(@Validated() validated: ValidatedRequest<'listPeriods'>): Promise<Answer> {
    return ok(await this.periods.list(validated.params.id, validated.query));
  }

  @Route('getPeriodStatement')
  async statement(@Validated() validated: ValidatedRequest<'getPeriodStatement'>): Promise<Answer> {
    const { id, period } = validated.params;
    return ok(await this.periods.statement(id, period, validated.query));
  }

  @Route('exportPeriodStatement')
  async csv(
    @Validated() validated: ValidatedRequest<'exportPeriodStatement'>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { id, period } = validated.params;
    await this.periods.assertThere(id, period);
    await sendCsv(request, reply, `statement-${id}-${period}.csv`, () => this.periods.openCsv(validated));
  }

  @Route('previewReset')
  async preview(@Validated() validated: ValidatedRequest<'previewReset'>): Promise<Answer> {
    return ok(await this.resets.preview(validated.params.id, validated.query));
  }
}
