import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import type { Principal } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import { Asked, Route } from '../request/route.decorator.js';
import { sendCsv } from '../request/send-csv.js';
import type { Asked as AskedFor } from '../request/validated-request.js';
import { MessagesService } from './messages.service.js';

@Controller()
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  @Route('listMessages')
  async list(@Asked() asked: AskedFor<'listMessages'>): Promise<Answer> {
    return ok(await this.messages.list(asked.params.id, asked.query));
  }

  @Route('exportMessages')
  async csv(
    @Asked() asked: AskedFor<'exportMessages'>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { id } = asked.params;
    await sendCsv(request, reply, `messages-${id}.csv`, () =>
      this.messages.openCsv(id, asked.query, asked.principal.mainAccountId),
    );
  }

  @Route('getUsage')
  async usage(@Asked() asked: AskedFor<'getUsage'>): Promise<Answer> {
    return ok(await this.messages.usage(asked.params.id, asked.query));
  }

  @Route('listOwnMessages')
  async ownList(@Asked() asked: AskedFor<'listOwnMessages'>): Promise<Answer> {
    const { mainAccountId, subAccountId } = subAccountOf(asked.principal);
    return ok(await this.messages.listOfSub(mainAccountId, subAccountId, asked.query));
  }

  @Route('getOwnUsage')
  async ownUsage(@Asked() asked: AskedFor<'getOwnUsage'>): Promise<Answer> {
    const { mainAccountId, subAccountId } = subAccountOf(asked.principal);
    return ok(await this.messages.usageOfSub(mainAccountId, subAccountId, asked.query.period));
  }
}

/** @throws ProblemError `forbidden`, should a route let in anybody else */
function subAccountOf({ mainAccountId, subAccountId }: Principal) {
  if (mainAccountId === undefined || subAccountId === undefined) throw new ProblemError('forbidden');
  return { mainAccountId, subAccountId };
}
