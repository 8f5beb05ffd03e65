import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Asked, Route } from '../request/route.decorator.js';
import { sendCsv } from '../request/send-csv.js';
import type { Asked as AskedFor } from '../request/validated-request.js';
import { PeriodsService } from './periods.service.js';
import { ResetPreviewService } from './reset-preview.service.js';

@Controller()
export class PeriodsController {
  constructor(
    private readonly periods: PeriodsService,
    private readonly resets: ResetPreviewService,
  ) {}

  @Route('listPeriods')
  async list(@Asked() asked: AskedFor<'listPeriods'>): Promise<Answer> {
    return ok(await this.periods.list(asked.params.id, asked.query));
  }

  @Route('getPeriodStatement')
  async statement(@Asked() asked: AskedFor<'getPeriodStatement'>): Promise<Answer> {
    const { id, period } = asked.params;
    return ok(await this.periods.statement(id, period, asked.query));
  }

  @Route('exportPeriodStatement')
  async csv(
    @Asked() asked: AskedFor<'exportPeriodStatement'>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { id, period } = asked.params;
    await this.periods.assertThere(id, period);
    await sendCsv(request, reply, `statement-${id}-${period}.csv`, () => this.periods.openCsv(asked));
  }

  @Route('previewReset')
  async preview(@Asked() asked: AskedFor<'previewReset'>): Promise<Answer> {
    return ok(await this.resets.preview(asked.params.id, asked.query));
  }
}
