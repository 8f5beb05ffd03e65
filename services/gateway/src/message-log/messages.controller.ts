import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import type { Principal } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import { Route, Validated } from '../request/route.decorator.js';
import { sendCsv } from '../request/send-csv.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { MessagesService } from './messages.service.js';

@Controller()
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  @Route('listMessages')
  async list(@Validated() validated: ValidatedRequest<'listMessages'>): Promise<Answer> {
    return ok(await this.messages.list(validated.params.id, validated.query));
  }

  @Route('exportMessages')
  async csv(
    @Validated() validated: ValidatedRequest<'exportMessages'>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { id } = validated.params;
    await sendCsv(request, reply, `messages-${id}.csv`, () =>
      this.messages.openCsv(id, validated.query, validated.principal.mainAccountId),
    );
  }

  @Route('getUsage')
  async usage(@Validated() validated: ValidatedRequest<'getUsage'>): Promise<Answer> {
    return ok(await this.messages.usage(validated.params.id, validated.query));
  }

  @Route('listOwnMessages')
  async ownList(@Validated() validated: ValidatedRequest<'listOwnMessages'>): Promise<Answer> {
    const { mainAccountId, subAccountId } = subAccountOf(validated.principal);
    return ok(await this.messages.listOfSub(mainAccountId, subAccountId, validated.query));
  }

  @Route('getOwnUsage')
  async ownUsage(@Validated() validated: ValidatedRequest<'getOwnUsage'>): Promise<Answer> {
    const { mainAccountId, subAccountId } = subAccountOf(validated.principal);
    return ok(await this.messages.usageOfSub(mainAccountId, subAccountId, validated.query.period));
  }
}

/** @throws ProblemError `forbidden` if the route admits another kind of caller */
function subAccountOf({ mainAccountId, subAccountId }: Principal) {
  if (mainAccountId === undefined || subAccountId === undefined) throw new ProblemError('forbidden');
  return { mainAccountId, subAccountId };
}
